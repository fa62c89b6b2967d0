/* kind.c: what a file is, by its first bytes, whatever its name says.
 *
 *     in    "GIF89a..."
 *     out   "a GIF picture", "save it as PNG"
 *
 * One table, for everything that reads files and meets what it does not read: pictures from the web
 * under the name .jpg, a page that a server sent instead of a file, weights in the form of another
 * program. The first row that fits counts. */
#include "kind.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"

/* Bytes at a place. */
typedef struct mark {
	int at;           /* place, WITHIN or LETTERS   */
	const char *byte; /* the bytes; NULL: no mark   */
	size_t count;     /* how many                   */
} mark;

/* Anywhere in the first bytes; after blanks, in upper or lower case. */
enum { WITHIN = -1, LETTERS = -2 };

#define BYTES(text) (text), sizeof(text) - 1

static const char as_png[] = "save it as PNG or JPEG", as_npz[] = "save its arrays with np.savez",
                  as_weights[] = "load it in Python and save the tensors with "
                                 "safetensors.numpy.save_file",
                  of_torch[] = "save its tensors in Python: "
                               "safetensors.torch.save_file(torch.load(FILE), NEW_FILE)",
                  of_onnx[] = "take its tensors in Python with onnx.numpy_helper.to_array and save "
                              "them with safetensors.numpy.save_file",
                  no_weights[] = "weights are read from safetensors files, such as "
                                 "best.safetensors of a run",
                  unpack[] = "unpack it", again[] = "fetch the file itself",
                  as_picture[] = "pictures are read where a network takes pictures",
                  print[] = "save what it shows as PNG", none[] = "it cannot be read here";

static const struct {
	mark first, second; /* both have to be there   */
	nn_file_kind kind;  /* what it is then         */
} rows[] = {
        /* Before those of few bytes: these may begin with any two, the length of the header. */
        {{8, BYTES("{\"")},
         {5, BYTES("\0\0\0")},
         {"a safetensors file", "it holds weights", NN_IS_SAFETENSORS}},
        {{0, BYTES("\x89PNG\r\n\x1a\n")}, {0}, {"a PNG picture", as_picture, NN_IS_PNG}},
        {{0, BYTES("\xff\xd8\xff")}, {0}, {"a JPEG picture", as_picture, NN_IS_JPEG}},
        {{0, BYTES("GIF8")}, {0}, {"a GIF picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("BM")}, {15, BYTES("\0\0\0")}, {"a BMP picture", as_picture, NN_IS_BMP}},
        {{0, BYTES("RIFF")}, {8, BYTES("WEBP")}, {"a WebP picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("II*\0")}, {0}, {"a TIFF picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("MM\0*")}, {0}, {"a TIFF picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("II+\0")}, {0}, {"a TIFF picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("MM\0+")}, {0}, {"a TIFF picture", as_png, NN_IS_OTHER}},
        {{4, BYTES("ftypavi")}, {0}, {"an AVIF picture", as_png, NN_IS_OTHER}},
        {{4, BYTES("ftyphe")}, {0}, {"an HEIC picture", as_png, NN_IS_OTHER}},
        {{4, BYTES("ftypmif1")}, {0}, {"an HEIF picture", as_png, NN_IS_OTHER}},
        {{4, BYTES("ftypmsf1")}, {0}, {"an HEIF picture", as_png, NN_IS_OTHER}},
        {{4, BYTES("ftyp")}, {0}, {"a video (MP4)", print, NN_IS_OTHER}},
        {{0, BYTES("\0\0\0\x0cJXL \r\n")}, {0}, {"a JPEG XL picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("\xff\x0a")}, {0}, {"a JPEG XL picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("\0\0\0\x0cjP  ")}, {0}, {"a JPEG 2000 picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("\xff\x4f\xff\x51")}, {0}, {"a JPEG 2000 picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("8BPS")}, {0}, {"a Photoshop picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("\0\0\1\0")}, {0}, {"an icon", as_png, NN_IS_OTHER}},
        {{128, BYTES("DICM")}, {0}, {"a DICOM picture", as_png, NN_IS_OTHER}},
        {{0, BYTES("%PDF")}, {0}, {"a PDF document", print, NN_IS_OTHER}},
        {{0, BYTES("%!PS")}, {0}, {"a PostScript document", print, NN_IS_OTHER}},
        {{LETTERS, BYTES("<!doctype html")}, {0}, {"an HTML page", again, NN_IS_WRAPPED}},
        {{LETTERS, BYTES("<html")}, {0}, {"an HTML page", again, NN_IS_WRAPPED}},
        {{LETTERS, BYTES("<svg")}, {0}, {"an SVG drawing", as_png, NN_IS_OTHER}},
        {{LETTERS, BYTES("<?xml")},
         {WITHIN, BYTES("<svg")},
         {"an SVG drawing", as_png, NN_IS_OTHER}},
        {{LETTERS, BYTES("<?xml")},
         {WITHIN, BYTES("<html")},
         {"an HTML page", again, NN_IS_WRAPPED}},
        {{LETTERS, BYTES("<?xml")}, {0}, {"an XML file", none, NN_IS_OTHER}},
        {{0, BYTES("version https://git-lfs")},
         {0},
         {"a pointer of Git LFS, not the file", "fetch the file itself by `git lfs pull`",
          NN_IS_WRAPPED}},
        {{0, BYTES("PK\3\4")},
         {WITHIN, BYTES("/data.pkl")},
         {"a PyTorch file", of_torch, NN_IS_MODEL}},
        {{0, BYTES("PK\3\4")},
         {WITHIN, BYTES("/byteorder")},
         {"a PyTorch file", of_torch, NN_IS_MODEL}},
        {{0, BYTES("PK\3\4")},
         {WITHIN, BYTES("metadata.json")},
         {"a Keras file", as_weights, NN_IS_MODEL}},
        {{0, BYTES("PK\3\4")},
         {WITHIN, BYTES(".npy")},
         {"an npz archive", "data of format=\"npz\" read it", NN_IS_ARRAYS}},
        {{0, BYTES("PK\3\4")},
         {WITHIN, BYTES("[Content_Types].xml")},
         {"an office document", "save its table as csv", NN_IS_OTHER}},
        {{0, BYTES("PK\3\4")}, {0}, {"a zip archive", unpack, NN_IS_WRAPPED}},
        {{0, BYTES("PK\5\6")}, {0}, {"an empty zip archive", unpack, NN_IS_WRAPPED}},
        {{0, BYTES("\200\2\212\nl\374\234F\371 j\250P\31")},
         {0},
         {"a PyTorch file", of_torch, NN_IS_MODEL}},
        {{0, BYTES("\x80\2")}, {0}, {"a Python pickle", as_npz, NN_IS_ARRAYS}},
        {{0, BYTES("\x80\3")}, {0}, {"a Python pickle", as_npz, NN_IS_ARRAYS}},
        {{0, BYTES("\x80\4\x95")}, {0}, {"a Python pickle", as_npz, NN_IS_ARRAYS}},
        {{0, BYTES("\x80\5\x95")}, {0}, {"a Python pickle", as_npz, NN_IS_ARRAYS}},
        {{0, BYTES("\x89HDF\r\n\x1a\n")},
         {0},
         {"an HDF5 file (.h5)",
          "load it in Python and save arrays with np.savez, weights with "
          "safetensors.numpy.save_file",
          NN_IS_MODEL}},
        {{0, BYTES("GGUF")}, {0}, {"a GGUF file", as_weights, NN_IS_MODEL}},
        {{4, BYTES("TFL3")}, {0}, {"a TensorFlow Lite model", as_weights, NN_IS_MODEL}},
        {{0, BYTES("\x93NUMPY")},
         {0},
         {"an npy array", "data of format=\"npy\" read it", NN_IS_NPY}},
        {{0, BYTES("MATLAB 5.0")}, {0}, {"a MATLAB file", as_npz, NN_IS_ARRAYS}},
        {{0, BYTES("PAR1")}, {0}, {"a Parquet table", "save it as csv", NN_IS_OTHER}},
        {{0, BYTES("SQLite format 3")},
         {0},
         {"an SQLite database", "save its table as csv", NN_IS_OTHER}},
        {{0, BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")},
         {0},
         {"an office document", "save its table as csv", NN_IS_OTHER}},
        {{0, BYTES("\x1f\x8b")}, {0}, {"a gzip file", unpack, NN_IS_GZIP}},
        {{0, BYTES("BZh")}, {0}, {"a bzip2 file", unpack, NN_IS_WRAPPED}},
        {{0, BYTES("\xfd"
                   "7zXZ")},
         {0},
         {"an xz file", unpack, NN_IS_WRAPPED}},
        {{0, BYTES("\x28\xb5\x2f\xfd")}, {0}, {"a Zstandard file", unpack, NN_IS_WRAPPED}},
        {{0, BYTES("7z\xbc\xaf\x27\x1c")}, {0}, {"a 7z archive", unpack, NN_IS_WRAPPED}},
        {{0, BYTES("Rar!")}, {0}, {"a RAR archive", unpack, NN_IS_WRAPPED}},
        {{257, BYTES("ustar")}, {0}, {"a tar archive", unpack, NN_IS_WRAPPED}},
        {{0, BYTES("\x7f"
                   "ELF")},
         {0},
         {"a program", none, NN_IS_OTHER}},
        {{0, BYTES("RIFF")}, {0}, {"a sound or a video (RIFF)", none, NN_IS_OTHER}},
        {{0, BYTES("ID3")}, {0}, {"a sound (MP3)", none, NN_IS_OTHER}},
        {{0, BYTES("\xff\xfe")}, {0}, {"text in UTF-16", "save it as UTF-8", NN_IS_OTHER}},
        {{0, BYTES("\xfe\xff")}, {0}, {"text in UTF-16", "save it as UTF-8", NN_IS_OTHER}},
};

static bool somewhere(const mark *m, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i + m->count <= count; i++)
		if (!memcmp(bytes + i, m->byte, m->count))
			return true;
	return false;
}

static bool fits(const mark *m, const uint8_t *bytes, size_t count)
{
	if (!m->byte)
		return true;
	if (m->at == WITHIN)
		return somewhere(m, bytes, count);
	size_t at = m->at > 0 ? (size_t)m->at : 0;
	if (m->at == LETTERS) {
		if (count >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
			at = 3;
		while (at < count && bytes[at] && strchr(" \t\r\n", bytes[at]))
			at++;
	}
	if (count < at + m->count)
		return false;
	return m->at == LETTERS ? !strncasecmp((const char *)bytes + at, m->byte, m->count)
	                        : !memcmp(bytes + at, m->byte, m->count);
}

static bool is_pnm(const uint8_t *b, size_t count)
{
	return count > 2 && b[0] == 'P' && (b[1] == '5' || b[1] == '6') && b[2] &&
	       strchr(" \t\r\n#", b[2]);
}

/* Two zero bytes, a type, a number of dimensions. */
static bool is_idx(const uint8_t *b, size_t count)
{
	return count > 3 && !b[0] && !b[1] && b[2] >= 8 && b[2] <= 14 && b[3] > 0 && b[3] < 9;
}

/* A message of protocol buffers whose first field is a small version; the next is the name of what
 * wrote it or, without one, the graph: any length, then its nodes. */
static bool is_onnx(const uint8_t *b, size_t count)
{
	if (count < 5 || b[0] != 0x08 || !b[1] || b[1] >= 32)
		return false;
	if (b[2] == 0x12)
		return b[3] > 0 && b[3] < 64 && b[4] >= ' ' && b[4] < 0x7f;
	size_t at = 3;
	while (at < count && at < 8 && b[at] & 0x80)
		at++;
	return b[2] == 0x3a && at + 1 < count && b[at + 1] == 0x0a;
}

static bool is_text(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!bytes[i] || bytes[i] == 0x7f ||
		    (bytes[i] < ' ' && !strchr("\t\n\v\f\r", bytes[i])))
			return false;
	return true;
}

const nn_file_kind *nn_kind_of(const uint8_t *bytes, size_t count)
{
	static const nn_file_kind empty = {"an empty file", "fetch or write it again",
	                                   NN_IS_WRAPPED},
	                          onnx = {"an ONNX model", of_onnx, NN_IS_MODEL},
	                          text = {"plain text",
	                                  "tables (csv) are read where rows of numbers are wanted",
	                                  NN_IS_TEXT},
	                          pnm = {"a PGM or PPM picture", as_picture, NN_IS_PNM},
	                          idx = {"an idx file", "data of format=\"idx\" read it",
	                                 NN_IS_IDX},
	                          unknown = {"of no kind that is known", none, NN_IS_UNKNOWN};
	count = count < NN_KIND_BYTES ? count : NN_KIND_BYTES;
	if (!count)
		return &empty;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (fits(&rows[i].first, bytes, count) && fits(&rows[i].second, bytes, count))
			return &rows[i].kind;
	if (is_pnm(bytes, count))
		return &pnm;
	if (is_idx(bytes, count))
		return &idx;
	if (is_onnx(bytes, count))
		return &onnx;
	return is_text(bytes, count) ? &text : &unknown;
}

const char *nn_kind_to_weights(const nn_file_kind *kind)
{
	switch (kind->format) {
	case NN_IS_MODEL:
	case NN_IS_WRAPPED:
	case NN_IS_GZIP:
		return kind->instead;
	case NN_IS_ARRAYS:
	case NN_IS_NPY:
		return as_weights;
	default:
		return no_weights;
	}
}

static bool read_head(int fd, const char *path, uint8_t *bytes, size_t *count, nn_error *e)
{
	struct stat st;
	*count = 0;
	if (fstat(fd, &st) || S_ISDIR(st.st_mode))
		return nn_fail(e, NN_EXIT_DATA, "%s: a directory; its files are wanted", path);
	if (!S_ISREG(st.st_mode))
		return nn_fail(e, NN_EXIT_DATA, "%s: not a regular file", path);
	while (*count < NN_KIND_BYTES) {
		ssize_t got = nn_io_calls.read(fd, bytes + *count, NN_KIND_BYTES - *count);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return nn_fail(e, NN_EXIT_IO, "%s: cannot read: %s", path, strerror(errno));
		if (!got)
			break;
		*count += (size_t)got;
	}
	return true;
}

bool nn_kind_read(const char *path, uint8_t bytes[NN_KIND_BYTES], size_t *count, nn_error *e)
{
	int fd = nn_io_calls.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
	if (fd < 0)
		return nn_fail(e, errno == ENOENT || errno == ENOTDIR ? NN_EXIT_INPUT : NN_EXIT_IO,
		               "%s: cannot open: %s", path, strerror(errno));
	bool ok = read_head(fd, path, bytes, count, e);
	nn_io_calls.close(fd);
	return ok;
}
