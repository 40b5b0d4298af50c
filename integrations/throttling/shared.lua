-- The steps of meqenet/payments/circuit_breaker.py and token_bucket.py, taken where all workers
-- share them. Whole numbers below 2^53 throughout. KEYS: breaker, bucket, counts, line.
local BREAKER, BUCKET, COUNTS, LINE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local given, lane = ARGV[1], ARGV[2]
local failures_to_open, open_ms_first, open_ms_max = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local probes_max, successes_to_close, probe_ms_max = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local capacity, refill = tonumber(ARGV[9]), tonumber(ARGV[10])
local MICRO = 1000000
-- Longer than any call is under way: an answer never meets a breaker that has forgotten its turn.
local BREAKER_TTL_MS = math.max(open_ms_max, probe_ms_max) + 600000
local FIELDS = {'turn', 'failures', 'reopenings', 'open_until_ms', 'probes', 'probed_at_ms', 'successes'}

-- One clock for all: that of this server, unless a test gives the time.
local function now_ms()
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function load_breaker()
  local read = redis.call('HMGET', BREAKER, 'state', unpack(FIELDS))
  local breaker = {state = read[1] or 'closed'}
  for n, field in ipairs(FIELDS) do breaker[field] = tonumber(read[n + 1] or 0) end
  return breaker
end

local function save_breaker(breaker)
  local words = {'state', breaker.state}
  for _, field in ipairs(FIELDS) do
    words[#words + 1] = field
    words[#words + 1] = string.format('%.0f', breaker[field])
  end
  redis.call('HSET', BREAKER, unpack(words))
  redis.call('PEXPIRE', BREAKER, BREAKER_TTL_MS)
end

local function new_breaker(state, turn)
  local breaker = {state = state}
  for _, field in ipairs(FIELDS) do breaker[field] = 0 end
  breaker.turn = turn
  return breaker
end

local function begin_probe(breaker, now)
  breaker.probes = breaker.probes + 1
  breaker.probed_at_ms = now
end

-- Whether a call may be made, and if not, when to ask again. Changes the table only.
local function admit_breaker(breaker, now)
  if breaker.state == 'closed' then return true, 0 end
  if breaker.state == 'open' then
    if now < breaker.open_until_ms then return false, breaker.open_until_ms end
    breaker.state, breaker.probes, breaker.successes = 'half_open', 0, 0
  elseif breaker.probes >= probes_max then
    local given_up_at_ms = breaker.probed_at_ms + probe_ms_max
    if now < given_up_at_ms then return false, given_up_at_ms end
    breaker.probes = 0
  end
  begin_probe(breaker, now)
  return true, 0
end

local function open_breaker(breaker, reopenings, now)
  local opened = new_breaker('open', breaker.turn + 1)
  opened.reopenings = reopenings
  opened.open_until_ms = now + math.min(open_ms_first * 2 ^ math.min(reopenings, 30), open_ms_max)
  redis.call('HINCRBY', COUNTS, 'opened', 1)
  return opened
end

-- What the bucket holds now, and the time up to which that is counted.
local function look_into_bucket(now)
  local read = redis.call('HMGET', BUCKET, 'micro_tokens', 'at_ms')
  local held, at = tonumber(read[1] or capacity), tonumber(read[2] or now)
  local later = math.max(now, at)
  local to_fill_ms = math.ceil(math.max(capacity - held, 0) / refill)
  held = math.min(held + math.min(later - at, to_fill_ms) * refill, capacity)
  return held, later
end

-- A bucket that has had time to fill is the same as a new one, so it may be forgotten.
local function save_bucket(held, at)
  redis.call('HSET', BUCKET, 'micro_tokens', string.format('%.0f', held), 'at_ms', string.format('%.0f', at))
  redis.call('PEXPIRE', BUCKET, math.ceil((capacity - held) / refill) + 60000)
end

local function wait_for_token(held)
  return math.ceil((MICRO - held) / refill)
end

local function count(what)
  redis.call('HINCRBY', COUNTS, lane .. ':' .. what, 1)
end
