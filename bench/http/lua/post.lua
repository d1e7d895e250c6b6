-- POST of one JSON body, which a file holds, again and again.
-- Runs in this directory; arguments: BODY_FILE
dofile("report.lua")

local whole

function init(arguments)
  local file = assert(io.open(arguments[1]))
  wrk.headers["Content-Type"] = "application/json"
  whole = wrk.format("POST", nil, wrk.headers, file:read("*a"))
  file:close()
end

function request()
  return whole
end
