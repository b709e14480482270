-- One request per person and no person twice: every thread walks through its own range of numbers, then stops.
-- Arguments: path, token ("-" for none), body template (number, operation id), one "first:last" for each thread.

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } moment; int clock_gettime(int clock, moment *now);")

local threads = {}

function setup(thread)
  thread:set("number_of_thread", #threads + 1)
  table.insert(threads, thread)
end

local moment = ffi.new("moment")
local function now()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local function operation_id()
  local random = math.random
  return string.format("%08x-%04x-4%03x-%04x-%04x%08x", random(0, 0xffffffff), random(0, 0xffff), random(0, 0xfff),
    random(0x8000, 0xbfff), random(0, 0xffff), random(0, 0xffffffff))
end

function init(args)
  local urandom = io.open("/dev/urandom", "rb")
  local a, b, c, d, e, f = urandom:read(6):byte(1, 6)
  urandom:close()
  math.randomseed(a + 256 * (b + 256 * (c + 256 * (d + 256 * (e + 256 * f)))))
  path, template = args[1], args[3]
  headers = { ["Content-Type"] = "application/json" }
  if args[2] ~= "-" then
    headers["Authorization"] = "Bearer " .. args[2]
  end
  first, last = args[3 + number_of_thread]:match("(%d+):(%d+)")
  next_number, last = tonumber(first), tonumber(last)
  waiting, statuses, started, ended = 0, {}, 0, 0
  tried = number_of_thread > 1
end

function request()
  if not tried then -- wrk looks at one request of its first thread before it begins, and never sends it
    tried = true
    return wrk.format("POST", path, headers, string.format(template, next_number, operation_id()))
  end
  if next_number > last then
    return "" -- sends nothing: this connection rests until the others have their answers
  end
  if started == 0 then
    started = now()
  end
  local body = string.format(template, next_number, operation_id())
  next_number = next_number + 1
  waiting = waiting + 1
  return wrk.format("POST", path, headers, body)
end

function response(status)
  ended = now()
  waiting = waiting - 1
  statuses[status] = (statuses[status] or 0) + 1
  if next_number > last and waiting <= 0 then
    io.write("exhausted\n")
    io.flush()
    wrk.thread:stop()
  end
end

function done(summary, latency)
  local all, parts, reached = {}, {}, {}
  local from, to = math.huge, 0
  for _, thread in ipairs(threads) do
    for status, times in pairs(thread:get("statuses")) do
      all[status] = (all[status] or 0) + times
    end
    table.insert(reached, thread:get("next_number") - 1)
    if thread:get("started") > 0 then
      from, to = math.min(from, thread:get("started")), math.max(to, thread:get("ended"))
    end
  end
  for status, times in pairs(all) do
    table.insert(parts, string.format('"%d":%d', status, times))
  end
  local broken = summary.errors
  io.write(string.format('\nRESULT {"statuses":{%s},"reached":[%s],"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"broken":%d}\n',
    table.concat(parts, ","), table.concat(reached, ","), math.max(to - from, 0), latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, broken.connect + broken.read + broken.write + broken.timeout))
end
