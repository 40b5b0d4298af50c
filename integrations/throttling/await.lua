-- Somebody waits in a line (ARGV[11]) and takes nothing. Whoever has to wait on is given a place:
-- those of one line come back one by one, as fast as the provider takes them.
local now = now_ms()
local line, half_open_ms, place_ms_max = ARGV[11], tonumber(ARGV[12]), tonumber(ARGV[13])
local breaker = load_breaker()
local admitted, retry_at_ms = admit_breaker(breaker, now)
local reason, wait_ms
if not admitted then
  reason = breaker.state
  wait_ms = breaker.state == 'open' and retry_at_ms - now or half_open_ms
else
  local held = look_into_bucket(now)
  if held >= MICRO then return {'admitted', breaker.turn, 0} end
  reason, wait_ms = 'rate', wait_for_token(held)
end
wait_ms = math.max(wait_ms, 1)
local before_it = redis.call('HINCRBY', LINE, line, 1) - 1
if redis.call('PTTL', LINE) < 0 then redis.call('PEXPIRE', LINE, wait_ms) end
count('waiting')
return {reason, breaker.turn, wait_ms + math.min(math.ceil(before_it * MICRO / refill), place_ms_max)}
