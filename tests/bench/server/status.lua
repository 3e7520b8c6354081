-- Where payments stand, each time another one's. Argument: a file with a token a line.
dofile(os.getenv("KASSA_BENCH_LUA") .. "/common.lua")

local requests = {}
local next = 0

function init(args)
  for token in io.lines(args[1]) do
    table.insert(requests, "GET /checkout/" .. token .. "/status HTTP/1.1\r\nHost: " .. wrk.host .. "\r\n\r\n")
  end
  next = part * 7919
end

function request()
  -- A stride that meets every token before it meets one again.
  next = (next + 4099) % #requests
  return requests[next + 1]
end
