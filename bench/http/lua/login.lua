-- POST /auth/login with one key after the other, from a file that holds a key a line.
-- Runs in this directory; arguments: KEY_FILE
dofile("report.lua")

local requests = {}
local turn = 0

function init(arguments)
  local headers = { ["Host"] = wrk.headers["Host"], ["Content-Type"] = "application/json" }
  for key in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, '{"api_key":"' .. key .. '"}')
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
