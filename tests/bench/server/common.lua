-- Shared by the scripts: which part of the prepared work a thread has, and the line with the result.

local threads = {}

function setup(thread)
  thread:set("part", #threads)
  table.insert(threads, thread)
end

-- One line for the program that started wrk: counts, and times in microseconds.
function done(summary, latency)
  local spent = 0
  for _, thread in ipairs(threads) do
    spent = spent + (thread:get("spent") or 0)
  end
  local errors = summary.errors
  io.write(string.format("RESULT requests=%d duration=%d p50=%d p99=%d refused=%d broken=%d late=%d spent=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write, errors.timeout, spent))
end
