-- POST /auth/refresh in chains: each token that was answered is spent by a later request. A chain
-- begins with a login. Runs in this directory; arguments: API_KEY
dofile("report.lua")

local waiting = {}
local login
local headers

function init(arguments)
  headers = { ["Host"] = wrk.headers["Host"], ["Content-Type"] = "application/json" }
  login = wrk.format("POST", "/auth/login", headers, '{"api_key":"' .. arguments[1] .. '"}')
end

function request()
  local token = table.remove(waiting)
  if not token then return login end
  return wrk.format("POST", "/auth/refresh", headers, '{"refresh_token":"' .. token .. '"}')
end

function response(status, answer_headers, body)
  local token = body:match('"refresh_token":"([^"]+)"')
  if token then waiting[#waiting + 1] = token end
end
