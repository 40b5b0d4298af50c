-- One call wants to be made: the breaker first, then a token. Both are taken, or neither.
local now = now_ms()
local breaker = load_breaker()
local before = breaker.state
local admitted, retry_at_ms = admit_breaker(breaker, now)
if not admitted then
  count(breaker.state)
  return {breaker.state, breaker.turn, math.max(retry_at_ms - now, 1)}
end
local held, at = look_into_bucket(now)
if held < MICRO then
  save_bucket(held, at)
  count('rate')
  return {'rate', breaker.turn, wait_for_token(held)}
end
save_bucket(held - MICRO, at)
if before ~= 'closed' then save_breaker(breaker) end
count('admitted')
return {'admitted', breaker.turn, 0}
