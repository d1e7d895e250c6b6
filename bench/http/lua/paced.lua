-- Waits between the requests of a connection, so that latency is seen below saturation.
-- Runs in this directory; arguments: MILLISECONDS (the mean)
dofile("report.lua")

local milliseconds

function init(arguments)
  milliseconds = tonumber(arguments[1])
end

function delay()
  -- Spread around the mean: connections at one beat would queue behind each other.
  return math.random(0, 2 * milliseconds)
end
