-- Sends the requests of a file, one after the other and again from the start, and prints what came
-- of it as one line of JSON.
--
--   wrk … -s wrk.lua URL -- FILE TOKEN
--
-- A line of the file is METHOD, PATH, TYPE and BODY with tabs between them; a BODY that begins with
-- an @ is the name of the file that has it.

local requests = {}
local sent = 0

function init(arguments)
  local file, token = arguments[1], arguments[2]
  for line in io.lines(file) do
    local method, path, type, body = line:match("^(%u+)\t([^\t]+)\t([^\t]*)\t(.*)$")
    local headers = { ["Host"] = wrk.host .. ":" .. wrk.port }
    if token ~= "" then
      headers["Authorization"] = token
    end
    if body == "" then
      body = nil
    else
      headers["Content-Type"] = type
      if body:sub(1, 1) == "@" then
        body = contents(body:sub(2))
      end
    end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function contents(name)
  local file = assert(io.open(name, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50":%.3f,"p99":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
