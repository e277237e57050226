/* conditions: evaluates conditional requests. Holds no state; any thread. */
#include "config.h"

#include "http/conditions.h"

#include "http/date.h"
#include "http/fields.h"

#define CONDITIONS_FIELDS                             \
 (HTTP_FIELD_BIT(HTTP_FIELD_IF_MATCH) |               \
     HTTP_FIELD_BIT(HTTP_FIELD_IF_UNMODIFIED_SINCE) | \
     HTTP_FIELD_BIT(HTTP_FIELD_IF_NONE_MATCH) |       \
     HTTP_FIELD_BIT(HTTP_FIELD_IF_MODIFIED_SINCE))

static bool
conditions_have(const struct http_request *request, enum http_field_id id)
{
	return (request->present & HTTP_FIELD_BIT(id)) != 0;
}

/* Whether a line of this list names the entity tag, or any. */
static bool
conditions_list_etag(const struct http_request *request, enum http_field_id id,
    struct span etag)
{
	bool weak = id == HTTP_FIELD_IF_NONE_MATCH;

	for (unsigned i = 0; i < request->field_count; i++)
		if (request->fields[i].id == id &&
		    http_etag_listed(request->fields[i].value, etag, weak))
			return true;
	return false;
}

/* The date of the field; false: there is none that counts. */
static bool
conditions_find_date(const struct http_request *request, enum http_field_id id,
    const struct http_validators *validators, time_t now, time_t *date)
{
	return validators->modified != HTTP_DATE_NONE &&
	       conditions_have(request, id) &&
	       (request->repeated & HTTP_FIELD_BIT(id)) == 0 &&
	       http_date_parse(http_request_field(request, id), now, date) == 0;
}

/* Steps 1 and 2 of 13.2.2; false: 412. */
static bool
conditions_still_match(const struct http_request *request,
    const struct http_validators *validators, time_t now)
{
	time_t date;

	if (conditions_have(request, HTTP_FIELD_IF_MATCH))
		return conditions_list_etag(request, HTTP_FIELD_IF_MATCH,
		    validators->etag);
	if (conditions_find_date(request, HTTP_FIELD_IF_UNMODIFIED_SINCE,
		validators, now, &date))
		return validators->modified <= date;
	return true;
}

/* Steps 3 and 4 of 13.2.2; false: 304. */
static bool
conditions_have_changed(const struct http_request *request,
    const struct http_validators *validators, time_t now)
{
	time_t date;

	if (conditions_have(request, HTTP_FIELD_IF_NONE_MATCH))
		return !conditions_list_etag(request, HTTP_FIELD_IF_NONE_MATCH,
		    validators->etag);
	if (conditions_find_date(request, HTTP_FIELD_IF_MODIFIED_SINCE,
		validators, now, &date))
		return validators->modified > date;
	return true;
}

enum http_condition
http_conditions_check(const struct http_request *request,
    const struct http_validators *validators, time_t now)
{
	if ((request->present & CONDITIONS_FIELDS) == 0)
		return HTTP_CONDITION_HOLDS;
	if (!conditions_still_match(request, validators, now))
		return HTTP_CONDITION_FAILED;
	if (!conditions_have_changed(request, validators, now))
		return HTTP_CONDITION_NOT_MODIFIED;
	return HTTP_CONDITION_HOLDS;
}

bool
http_if_range_holds(const struct http_request *request,
    const struct http_validators *validators, time_t now)
{
	struct span value = http_request_field(request, HTTP_FIELD_IF_RANGE);
	time_t date;

	if (request->repeated & (HTTP_FIELD_BIT(HTTP_FIELD_IF_RANGE) |
				    HTTP_FIELD_BIT(HTTP_FIELD_RANGE)))
		return false;
	if (value.data == NULL || span_equal(value, validators->etag))
		return true;
	return http_date_parse(value, now, &date) == 0 &&
	       date == validators->modified && date < now;
}
