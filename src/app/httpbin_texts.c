/* Answers httpbin's paths whose content is always the same, or a name; the thread
 * that owns the app. */
#include "config.h"

#include "app/httpbin.h"

#include <inttypes.h>

/* Makes the message a constant text of a constant type. */
static bool
httpbin_use_text(struct httpbin *bin, const char *type, const char *content)
{
	struct text text = { 0 };

	text_put(&text, content);
	return httpbin_use(bin, type, &text);
}

bool
httpbin_uuid(struct httpbin *bin)
{
	uint64_t high = httpbin_random(bin, 0), low = httpbin_random(bin, 1);
	struct text text = { 0 };

	/* version 4, variant 10 (RFC 9562 5.4) */
	high = (high & ~UINT64_C(0xf000)) | 0x4000;
	low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	text_printf(&text,
	    "{\n  \"uuid\": \"%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64
	    "-%04" PRIx64 "-%012" PRIx64 "\"\n}\n",
	    high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48,
	    low & UINT64_C(0xffffffffffff));
	return httpbin_use(bin, HTTPBIN_JSON, &text);
}

bool
httpbin_hostname(struct httpbin *bin)
{
	return httpbin_use_text(bin, HTTPBIN_JSON,
	    "{\n  \"hostname\": \"mtasync\"\n}\n");
}

bool
httpbin_deny(struct httpbin *bin)
{
	return httpbin_use_text(bin, HTTPBIN_TEXT,
	    "No robot should ever come here: robots.txt says so.\n");
}

bool
httpbin_robots(struct httpbin *bin)
{
	return httpbin_use_text(bin, HTTPBIN_TEXT,
	    "User-agent: *\nDisallow: /deny\n");
}

bool
httpbin_utf8(struct httpbin *bin)
{
	return httpbin_use_text(bin, "text/html; charset=utf-8",
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	    "<title>UTF-8</title>\n<h1>Many letters in one encoding</h1>\n"
	    "<ul>\n"
	    "<li>Latin: Ægir prüft façades, żółw śpi\n"
	    "<li>Greek: καλημέρα\n"
	    "<li>Cyrillic: доброе утро\n"
	    "<li>Hebrew: שלום\n"
	    "<li>Arabic: سلام\n"
	    "<li>Devanagari: नमस्ते\n"
	    "<li>Chinese, Japanese, Korean: 你好, こんにちは, 안녕하세요\n"
	    "<li>Signs: ∀x ∈ ℝ: ⌈x⌉ ≥ x; ½ € ™ ♞\n"
	    "<li>Behind U+FFFF: 𝔘 🐢 🚲\n"
	    "</ul>\n</html>\n");
}

bool
httpbin_html(struct httpbin *bin)
{
	return httpbin_use_text(bin, "text/html; charset=utf-8",
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	    "<title>A page</title>\n<body>\n<h1>A page of no use</h1>\n"
	    "<p>It has a heading, two paragraphs and a <a href=\"/\">link"
	    "</a>, so that there is something to parse.</p>\n"
	    "<p>Whoever reads it has waited long enough.</p>\n"
	    "</body>\n</html>\n");
}

bool
httpbin_json(struct httpbin *bin)
{
	return httpbin_use_text(bin, HTTPBIN_JSON,
	    "{\n  \"journey\": {\n    \"from\": \"Ulm\",\n"
	    "    \"to\": \"Vienna\",\n    \"by\": [\"barge\", \"foot\"],\n"
	    "    \"days\": 11.5,\n    \"arrived\": true,\n"
	    "    \"stops\": [\n"
	    "      { \"town\": \"Passau\", \"day\": 5 },\n"
	    "      { \"town\": \"Linz\", \"day\": 7, \"note\": null }\n"
	    "    ]\n  }\n}\n");
}

bool
httpbin_xml(struct httpbin *bin)
{
	return httpbin_use_text(bin, "application/xml",
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	    "<!-- a small document -->\n"
	    "<journey from=\"Ulm\" to=\"Vienna\">\n"
	    "  <stop day=\"5\">Passau</stop>\n"
	    "  <stop day=\"7\">Linz</stop>\n"
	    "  <note><![CDATA[by barge & on foot]]></note>\n"
	    "</journey>\n");
}
