/* A table of what web sites use; any thread. */
#include "config.h"

#include "app/media_type.h"

#define UTF8 "; charset=utf-8"

static const struct media_type {
	struct span extension;
	const char *type;
} media_types[] = {
	{ SPAN("7z"), "application/x-7z-compressed" },
	{ SPAN("aac"), "audio/aac" },
	{ SPAN("apng"), "image/apng" },
	{ SPAN("atom"), "application/atom+xml" },
	{ SPAN("avif"), "image/avif" },
	{ SPAN("bmp"), "image/bmp" },
	{ SPAN("css"), "text/css" UTF8 },
	{ SPAN("csv"), "text/csv" UTF8 },
	{ SPAN("epub"), "application/epub+zip" },
	{ SPAN("flac"), "audio/flac" },
	{ SPAN("gif"), "image/gif" },
	{ SPAN("gz"), "application/gzip" },
	{ SPAN("htm"), "text/html" UTF8 },
	{ SPAN("html"), "text/html" UTF8 },
	{ SPAN("ico"), "image/vnd.microsoft.icon" },
	{ SPAN("ics"), "text/calendar" UTF8 },
	{ SPAN("jpeg"), "image/jpeg" },
	{ SPAN("jpg"), "image/jpeg" },
	{ SPAN("js"), "text/javascript" UTF8 },
	{ SPAN("json"), "application/json" },
	{ SPAN("jsonld"), "application/ld+json" },
	{ SPAN("jxl"), "image/jxl" },
	{ SPAN("m4a"), "audio/mp4" },
	{ SPAN("map"), "application/json" },
	{ SPAN("md"), "text/markdown" UTF8 },
	{ SPAN("mjs"), "text/javascript" UTF8 },
	{ SPAN("mp3"), "audio/mpeg" },
	{ SPAN("mp4"), "video/mp4" },
	{ SPAN("oga"), "audio/ogg" },
	{ SPAN("ogg"), "audio/ogg" },
	{ SPAN("ogv"), "video/ogg" },
	{ SPAN("opus"), "audio/ogg" },
	{ SPAN("otf"), "font/otf" },
	{ SPAN("pdf"), "application/pdf" },
	{ SPAN("png"), "image/png" },
	{ SPAN("rss"), "application/rss+xml" },
	{ SPAN("svg"), "image/svg+xml" },
	{ SPAN("tar"), "application/x-tar" },
	{ SPAN("tif"), "image/tiff" },
	{ SPAN("tiff"), "image/tiff" },
	{ SPAN("ttf"), "font/ttf" },
	{ SPAN("txt"), "text/plain" UTF8 },
	{ SPAN("vtt"), "text/vtt" UTF8 },
	{ SPAN("wasm"), "application/wasm" },
	{ SPAN("wav"), "audio/wav" },
	{ SPAN("webm"), "video/webm" },
	{ SPAN("webmanifest"), "application/manifest+json" },
	{ SPAN("webp"), "image/webp" },
	{ SPAN("woff"), "font/woff" },
	{ SPAN("woff2"), "font/woff2" },
	{ SPAN("xhtml"), "application/xhtml+xml" },
	{ SPAN("xml"), "application/xml" },
	{ SPAN("zip"), "application/zip" },
	{ SPAN("zst"), "application/zstd" },
};

const char *
media_type_of(struct span name)
{
	size_t dot = name.size;

	while (dot > 0 && name.data[dot - 1] != '.' &&
	    name.data[dot - 1] != '/')
		dot--;
	if (dot == 0 || name.data[dot - 1] != '.')
		return "application/octet-stream";

	struct span extension = { name.data + dot, name.size - dot };
	size_t count = sizeof media_types / sizeof *media_types;

	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(media_types[i].extension, extension))
			return media_types[i].type;
	return "application/octet-stream";
}
