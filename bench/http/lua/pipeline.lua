-- Sends DEPTH copies of the request in one write: what is left when system calls are shared.
-- Runs in this directory; arguments: DEPTH
dofile("report.lua")

local batch

function init(arguments)
  batch = string.rep(wrk.format(), tonumber(arguments[1]))
end

function request()
  return batch
end
