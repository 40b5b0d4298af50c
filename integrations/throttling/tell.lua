-- A call that was admitted in a turn (ARGV[11]) has succeeded (ARGV[12] is 1) or not.
local now = now_ms()
local turn, succeeded = tonumber(ARGV[11]), ARGV[12] == '1'
local breaker = load_breaker()
if turn ~= breaker.turn or breaker.state == 'open' then return breaker.state end
if breaker.state == 'closed' then
  if succeeded and breaker.failures == 0 then return breaker.state end
  breaker.failures = succeeded and 0 or breaker.failures + 1
  if breaker.failures >= failures_to_open then breaker = open_breaker(breaker, 0, now) end
elseif not succeeded then
  breaker = open_breaker(breaker, breaker.reopenings + 1, now)
else
  breaker.successes = breaker.successes + 1
  breaker.probes = math.max(breaker.probes - 1, 0)
  if breaker.successes >= successes_to_close then breaker = new_breaker('closed', breaker.turn + 1) end
end
save_breaker(breaker)
return breaker.state
