-- A load of one request, sent as many times at once as the first argument
-- says; and wrk's figures in a form for programs.

-- wrk asks wrk.format() for what to send, once. A global request() would do
-- too, but be called again and again, at the expense of the load.
function init(args)
	local one, depth = wrk.format(), tonumber(args[1])
	wrk.format = function()
		return one:rep(depth)
	end
end

-- The last line of the output, as JSON; times are in microseconds.
function done(summary, latency)
	local errors = summary.errors
	io.write(string.format(
		'{"requests": %d, "bytes": %d, "duration": %d, "p50": %d, ' ..
		'"p99": %d, "connect": %d, "read": %d, "write": %d, ' ..
		'"status": %d, "timeout": %d}\n',
		summary.requests, summary.bytes, summary.duration,
		latency:percentile(50), latency:percentile(99),
		errors.connect, errors.read, errors.write,
		errors.status, errors.timeout))
end
