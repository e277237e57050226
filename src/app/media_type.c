/*
 * A table of what sites, players and archives use; any thread. Where names
 * clash, what browsers and players ask for goes first: `ts` is a stream, not a
 * text.
 */
#include "config.h"

#include "app/media_type.h"

#define UTF8 "; charset=utf-8"

/* The type of a name that says nothing. */
#define MEDIA_TYPE_UNKNOWN "application/octet-stream"

static const struct media_type {
	struct span extension;
	const char *type;
} media_types[] = {
	{ SPAN("7z"), "application/x-7z-compressed" },
	{ SPAN("aac"), "audio/aac" },
	{ SPAN("apk"), "application/vnd.android.package-archive" },
	{ SPAN("apng"), "image/apng" },
	{ SPAN("atom"), "application/atom+xml" },
	{ SPAN("avi"), "video/x-msvideo" },
	{ SPAN("avif"), "image/avif" },
	{ SPAN("bmp"), "image/bmp" },
	{ SPAN("bz2"), "application/x-bzip2" },
	{ SPAN("css"), "text/css" UTF8 },
	{ SPAN("csv"), "text/csv" UTF8 },
	{ SPAN("cur"), "image/vnd.microsoft.icon" },
	{ SPAN("deb"), "application/vnd.debian.binary-package" },
	{ SPAN("diff"), "text/x-diff" UTF8 },
	{ SPAN("dmg"), "application/x-apple-diskimage" },
	{ SPAN("doc"), "application/msword" },
	{ SPAN("docx"),
	    "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ SPAN("dtd"), "application/xml-dtd" },
	{ SPAN("eot"), "application/vnd.ms-fontobject" },
	{ SPAN("epub"), "application/epub+zip" },
	{ SPAN("flac"), "audio/flac" },
	{ SPAN("geojson"), "application/geo+json" },
	{ SPAN("gif"), "image/gif" },
	{ SPAN("glb"), "model/gltf-binary" },
	{ SPAN("gltf"), "model/gltf+json" },
	{ SPAN("gpx"), "application/gpx+xml" },
	{ SPAN("gz"), "application/gzip" },
	{ SPAN("heic"), "image/heic" },
	{ SPAN("heif"), "image/heif" },
	{ SPAN("htm"), "text/html" UTF8 },
	{ SPAN("html"), "text/html" UTF8 },
	{ SPAN("ico"), "image/vnd.microsoft.icon" },
	{ SPAN("ics"), "text/calendar" UTF8 },
	{ SPAN("iso"), "application/x-iso9660-image" },
	{ SPAN("jar"), "application/java-archive" },
	{ SPAN("jpeg"), "image/jpeg" },
	{ SPAN("jpg"), "image/jpeg" },
	{ SPAN("js"), "text/javascript" UTF8 },
	{ SPAN("json"), "application/json" },
	{ SPAN("jsonld"), "application/ld+json" },
	{ SPAN("jxl"), "image/jxl" },
	{ SPAN("kml"), "application/vnd.google-earth.kml+xml" },
	{ SPAN("kmz"), "application/vnd.google-earth.kmz" },
	{ SPAN("log"), "text/plain" UTF8 },
	{ SPAN("m3u8"), "application/vnd.apple.mpegurl" },
	{ SPAN("m4a"), "audio/mp4" },
	{ SPAN("m4s"), "video/iso.segment" },
	{ SPAN("m4v"), "video/mp4" },
	{ SPAN("map"), "application/json" },
	{ SPAN("md"), "text/markdown" UTF8 },
	{ SPAN("mid"), "audio/midi" },
	{ SPAN("midi"), "audio/midi" },
	{ SPAN("mjs"), "text/javascript" UTF8 },
	{ SPAN("mka"), "audio/x-matroska" },
	{ SPAN("mkv"), "video/x-matroska" },
	{ SPAN("mov"), "video/quicktime" },
	{ SPAN("mp3"), "audio/mpeg" },
	{ SPAN("mp4"), "video/mp4" },
	{ SPAN("mpd"), "application/dash+xml" },
	{ SPAN("mpeg"), "video/mpeg" },
	{ SPAN("mpg"), "video/mpeg" },
	{ SPAN("odp"), "application/vnd.oasis.opendocument.presentation" },
	{ SPAN("ods"), "application/vnd.oasis.opendocument.spreadsheet" },
	{ SPAN("odt"), "application/vnd.oasis.opendocument.text" },
	{ SPAN("oga"), "audio/ogg" },
	{ SPAN("ogg"), "audio/ogg" },
	{ SPAN("ogv"), "video/ogg" },
	{ SPAN("opus"), "audio/ogg" },
	{ SPAN("otf"), "font/otf" },
	{ SPAN("patch"), "text/x-diff" UTF8 },
	{ SPAN("pdf"), "application/pdf" },
	{ SPAN("png"), "image/png" },
	{ SPAN("ppt"), "application/vnd.ms-powerpoint" },
	{ SPAN("pptx"),
	    "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
	{ SPAN("ps"), "application/postscript" },
	{ SPAN("py"), "text/x-python" UTF8 },
	{ SPAN("rar"), "application/vnd.rar" },
	{ SPAN("rpm"), "application/x-redhat-package-manager" },
	{ SPAN("rss"), "application/rss+xml" },
	{ SPAN("rtf"), "application/rtf" },
	{ SPAN("sh"), "text/x-sh" UTF8 },
	{ SPAN("shtml"), "text/html" UTF8 },
	{ SPAN("sig"), "application/pgp-signature" },
	{ SPAN("sqlite"), "application/vnd.sqlite3" },
	{ SPAN("srt"), "text/plain" UTF8 },
	{ SPAN("stl"), "model/stl" },
	{ SPAN("svg"), "image/svg+xml" },
	{ SPAN("svgz"), "image/svg+xml" },
	{ SPAN("tar"), "application/x-tar" },
	{ SPAN("tgz"), "application/gzip" },
	{ SPAN("tif"), "image/tiff" },
	{ SPAN("tiff"), "image/tiff" },
	{ SPAN("toml"), "application/toml" },
	{ SPAN("torrent"), "application/x-bittorrent" },
	{ SPAN("ts"), "video/mp2t" },
	{ SPAN("tsv"), "text/tab-separated-values" UTF8 },
	{ SPAN("ttc"), "font/collection" },
	{ SPAN("ttf"), "font/ttf" },
	{ SPAN("txt"), "text/plain" UTF8 },
	{ SPAN("vcf"), "text/vcard" UTF8 },
	{ SPAN("vtt"), "text/vtt" UTF8 },
	{ SPAN("wasm"), "application/wasm" },
	{ SPAN("wav"), "audio/wav" },
	{ SPAN("weba"), "audio/webm" },
	{ SPAN("webm"), "video/webm" },
	{ SPAN("webmanifest"), "application/manifest+json" },
	{ SPAN("webp"), "image/webp" },
	{ SPAN("woff"), "font/woff" },
	{ SPAN("woff2"), "font/woff2" },
	{ SPAN("xhtml"), "application/xhtml+xml" },
	{ SPAN("xls"), "application/vnd.ms-excel" },
	{ SPAN("xlsx"),
	    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ SPAN("xml"), "application/xml" },
	{ SPAN("xpi"), "application/x-xpinstall" },
	{ SPAN("xsl"), "application/xslt+xml" },
	{ SPAN("xslt"), "application/xslt+xml" },
	{ SPAN("xz"), "application/x-xz" },
	{ SPAN("yaml"), "application/yaml" },
	{ SPAN("yml"), "application/yaml" },
	{ SPAN("zip"), "application/zip" },
	{ SPAN("zst"), "application/zstd" },
};

/*
 * What follows the last dot before `end` in a name; data NULL: there is none.
 */
static struct span
media_type_extension(struct span name, const char *end)
{
	const char *dot = memrchr(name.data, '.', (size_t)(end - name.data));

	if (dot == NULL)
		return (struct span){ NULL, 0 };
	return (
	    struct span){ dot + 1, (size_t)(name.data + name.size - dot - 1) };
}

static const char *
media_type_find(const struct mime_types *types, struct span extension)
{
	const char *type = types != NULL ? mime_types_find(types, extension)
					 : NULL;
	size_t count = sizeof media_types / sizeof *media_types;

	for (size_t i = 0; i < count && type == NULL; i++)
		if (span_equal_nocase(media_types[i].extension, extension))
			type = media_types[i].type;
	return type;
}

/* The file's own name, at the end of its path. */
static struct span
media_type_name(struct span path)
{
	const char *slash = memrchr(path.data, '/', path.size);

	if (slash == NULL)
		return path;
	return (struct span){ slash + 1,
		(size_t)(path.data + path.size - slash - 1) };
}

const char *
media_type_of(const struct mime_types *types, struct span path)
{
	struct span name = media_type_name(path);
	struct span last = media_type_extension(name, name.data + name.size);
	struct span both;
	const char *type = NULL;

	if (last.data == NULL)
		return MEDIA_TYPE_UNKNOWN;
	both = media_type_extension(name, last.data - 1);
	if (both.data != NULL)
		type = media_type_find(types, both);
	if (type == NULL)
		type = media_type_find(types, last);
	return type != NULL ? type : MEDIA_TYPE_UNKNOWN;
}

enum http_coding
media_type_coding(struct span path)
{
	static const struct span svgz = { ".svgz", 5 };

	if (path.size < svgz.size)
		return HTTP_CODING_IDENTITY;
	path.data += path.size - svgz.size;
	path.size = svgz.size;
	return span_equal_nocase(path, svgz) ? HTTP_CODING_GZIP
					     : HTTP_CODING_IDENTITY;
}
