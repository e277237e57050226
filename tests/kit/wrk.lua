-- A load of one request, sent as many times at once as the first argument
-- says, or of requests for as many files as a second one says; and wrk's
-- figures in a form for programs.

-- Each request is for one of the files 0/0.html to 0/999.html, 1/0.html, ...
local function ask_for_files(files)
	local one = wrk.format(nil, "/%d/%d.html")
	function request()
		local number = math.random(0, files - 1)
		return one:format(number / 1000, number % 1000)
	end
end

-- wrk asks wrk.format() for what to send, once. A global request() would do
-- too, but be called again and again, at the expense of the load.
function init(args)
	local one, depth = wrk.format(), tonumber(args[1])
	local files = tonumber(args[2] or 0)
	if files > 0 then
		return ask_for_files(files)
	end
	wrk.format = function()
		return one:rep(depth)
	end
end

-- wrk's correction of latencies moves some below the least that it counts up
-- from, and may leave it short: it then says 0, where the greatest is a bound.
local function percentile(latency, percent)
	local found = latency:percentile(percent)
	return found > 0 and found or latency.max
end

-- The last line of the output, as JSON; times are in microseconds.
function done(summary, latency)
	local errors = summary.errors
	io.write(string.format(
		'{"requests": %d, "bytes": %d, "duration": %d, "p50": %d, ' ..
		'"p99": %d, "max": %d, "connect": %d, "read": %d, ' ..
		'"write": %d, "status": %d, "timeout": %d}\n',
		summary.requests, summary.bytes, summary.duration,
		percentile(latency, 50), percentile(latency, 99),
		latency.max, errors.connect, errors.read, errors.write,
		errors.status, errors.timeout))
end
