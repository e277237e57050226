/* What the parser and its readers do with a request. Any thread. */
#include "config.h"

#include "http/request.h"

enum http_parse
http_request_refuse(struct http_request *request, unsigned status,
    const char *fault)
{
	request->status = status;
	request->fault = fault;
	request->keep_alive = false;
	return HTTP_BAD;
}

struct span
http_request_field(const struct http_request *request, enum http_field_id id)
{
	if (request->present & HTTP_FIELD_BIT(id))
		for (unsigned i = 0; i < request->field_count; i++)
			if (request->fields[i].id == id)
				return request->fields[i].value;
	return (struct span){ NULL, 0 };
}
