-- Payments as the README makes them, each with an order number and an idempotency key of its own.
-- Arguments: the API key, a number that no other run on the same database has, the return URL.
dofile(os.getenv("KASSA_BENCH_LUA") .. "/common.lua")

local head, order
local before, after = '{"order": "'

function init(args)
  -- Thirteen digits: the run, the thread, the request.
  order = 1e12 + tonumber(args[2]) * 1e9 + part * 1e8
  after = '", "amount": 4990, "return_url": "' .. args[3] .. '"}'
  local length = #before + #string.format("%.0f", order) + #after
  head = "POST /v1/payments HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nAuthorization: Bearer " .. args[1] ..
    "\r\nContent-Type: application/json\r\nContent-Length: " .. length .. "\r\nIdempotency-Key: "
  math.randomseed(order)
end

function request()
  order = order + 1
  local number = string.format("%.0f", order)
  -- As random as the keys of most clients: neighbours in time are none in an index.
  local key = string.format("%08x-%s", math.random(0, 0x7fffffff), number)
  return head .. key .. "\r\n\r\n" .. before .. number .. after
end
