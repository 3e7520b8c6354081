-- Signed callbacks, each about another attempt: the lines of a file that was prepared.
-- Argument: the file's path, to which the thread's number is added.
dofile(os.getenv("KASSA_BENCH_LUA") .. "/common.lua")

local head, file, rest
spent = 0

function init(args)
  head = "POST /callbacks/ecommpay HTTP/1.1\r\nHost: " .. wrk.host ..
    "\r\nContent-Type: application/json\r\nContent-Length: "
  rest = "GET /healthz HTTP/1.1\r\nHost: " .. wrk.host .. "\r\n\r\n"
  file = assert(io.open(args[1] .. part))
end

function request()
  local body = file:read("*l")
  if body then
    return head .. #body .. "\r\n\r\n" .. body
  end
  -- Nothing is sent twice: whoever started this hears that too little was prepared.
  spent = 1
  return rest
end
