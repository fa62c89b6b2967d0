/* net_diff.c: do builds of one network compute the same?
 *
 *     net_diff near REFERENCE TWIN FOUND...     within rounding
 *     net_diff same REFERENCE FOUND...          every number equal
 *
 * Files are what a trainer's `step` writes. REFERENCE is the plain build in double, TWIN the same
 * build from weights and a batch that are one rounding error away: their distance is the noise. A
 * tensor is near when its distance from the reference in the Euclidean norm is at most 1e-4 of the
 * tensor's norm, or 16 times the noise, or 2e-6 of the largest gradient for a gradient. Some are
 * zero but for rounding (a bias before a batch_norm): those may be off by 1e-3 of the largest, and
 * their parameters are left out, since optimizers may divide by the gradient.
 *
 * `same` finds the test itself at fault when more than 70 % of the numbers of all outputs and
 * gradients are zero: agreement says nothing then.
 *
 * Out: one line; exit 0 when all agree, 1 when not, 2 when a file cannot be used, 3 when the
 * reference is not fit to compare with: not finite, or mostly zero. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/file/safetensors.h"

enum { OFF = 1, BAD_FILE = 2, MISTRUSTED = 3 };

static const double TOLERANCE = 1e-4, NOISES = 16, ZEROS = 0.7;
/* Of the largest gradient: what any may be off by, what is zero, and what that may be off by. */
static const double FLOOR = 2e-6, ZERO = 1e-9, ZERO_FLOOR = 1e-3;

typedef struct file {
	nn_safetensors s; /* what is in it    */
	char *bytes;      /* the whole of it  */
} file;

static file load(const char *path)
{
	file f;
	size_t size;
	nn_error e = {0};
	if (nn_safetensors_read(&f.s, path, BAD_FILE, &e) &&
	    nn_read_file(path, f.s.file.size, &f.bytes, &size, &e))
		return f;
	printf("%s\n", e.text);
	exit(BAD_FILE);
}

static void unload(file *f)
{
	nn_safetensors_free(&f->s);
	free(f->bytes);
}

static double number(const file *f, const nn_st_tensor *t, int64_t i)
{
	const char *data = f->bytes + t->begin;
	float f32;
	double f64;
	if (t->dtype == NN_F32) {
		memcpy(&f32, data + 4 * i, 4);
		return (double)f32;
	}
	memcpy(&f64, data + 8 * i, 8);
	return f64;
}

/* |a - b| of a tensor of f and one of g; b may be NULL for zero. */
static double distance(const file *f, const nn_st_tensor *a, const file *g, const nn_st_tensor *b)
{
	double sum = 0;
	for (int64_t i = 0; i < a->count; i++) {
		double d = number(f, a, i) - (b ? number(g, b, i) : 0);
		sum += d * d;
	}
	return sqrt(sum);
}

static bool is_gradient(const char *name)
{
	return strncmp(name, "grad.", 5) == 0;
}

static const nn_st_tensor *partner(const file *f, const nn_st_tensor *t, const char *path)
{
	const nn_st_tensor *other = nn_safetensors_find(&f->s, t->name);
	bool fine = other && (other->dtype == NN_F32 || other->dtype == NN_F64) &&
	            other->rank == t->rank && memcmp(other->dim, t->dim, sizeof t->dim) == 0;
	if (fine)
		return other;
	printf("%s: %s is missing or has another shape\n", path, t->name);
	exit(OFF);
}

static double largest_gradient(const file *f)
{
	double most = 0;
	for (size_t i = 0; i < f->s.tensors; i++)
		if (is_gradient(f->s.tensor[i].name))
			most = fmax(most, distance(f, &f->s.tensor[i], NULL, NULL));
	return most;
}

/* A parameter whose gradient is nothing but rounding. */
static bool is_noise(const file *reference, const char *name, double most)
{
	char gradient[512];
	snprintf(gradient, sizeof gradient, "grad.%s", name);
	const nn_st_tensor *g = nn_safetensors_find(&reference->s, gradient);
	return g && distance(reference, g, NULL, NULL) <= FLOOR * most;
}

/* What a tensor of norm `size` may be off by in any case; `most`: norm of the largest gradient. */
static double least(const char *name, double size, double most)
{
	if (strcmp(name, "loss") == 0)
		return FLOOR;
	if (!is_gradient(name))
		return 0;
	return (size <= ZERO * most ? ZERO_FLOOR : FLOOR) * most;
}

static int near(char **path)
{
	file reference = load(path[0]), twin = load(path[1]);
	double most = largest_gradient(&reference), worst = 0;
	const char *where = "nothing";
	for (char **found = path + 2; *found; found++) {
		file other = load(*found);
		if (other.s.tensors != reference.s.tensors) {
			printf("%s: %zu tensors instead of %zu\n", *found, other.s.tensors,
			       reference.s.tensors);
			return OFF;
		}
		for (size_t i = 0; i < reference.s.tensors; i++) {
			const nn_st_tensor *t = &reference.s.tensor[i];
			double size = distance(&reference, t, NULL, NULL);
			double noise = distance(&reference, t, &twin, partner(&twin, t, path[1]));
			if (!isfinite(size) || !isfinite(noise)) {
				printf("%s: %s is not finite\n", path[0], t->name);
				return MISTRUSTED;
			}
			double error = distance(&reference, t, &other, partner(&other, t, *found));
			double allowed = fmax(fmax(TOLERANCE * size, NOISES * noise),
			                      least(t->name, size, most));
			if (is_noise(&reference, t->name, most) || error == 0)
				continue;
			if (!(error <= allowed)) {
				printf("%s: %s is off by %.2e, allowed %.2e (norm %.3e, noise "
				       "%.1e)\n",
				       *found, t->name, error, allowed, size, noise);
				return OFF;
			}
			if (error / allowed > worst) {
				worst = error / allowed;
				where = t->name;
			}
		}
		unload(&other);
	}
	printf("near; the worst is %s, %.2g of what is allowed\n", where, worst);
	return 0;
}

/* Zeros among outputs and gradients, as a share. */
static double zeros(const file *f)
{
	const nn_safetensors *s = &f->s;
	int64_t zero = 0, all = 0;
	for (size_t k = 0; k < s->tensors; k++) {
		const nn_st_tensor *t = &s->tensor[k];
		if (!is_gradient(t->name) && strcmp(t->name, "output") != 0)
			continue;
		for (int64_t i = 0; i < t->count; i++)
			zero += number(f, t, i) == 0;
		all += t->count;
	}
	return all ? (double)zero / (double)all : 1;
}

static int same(char **path)
{
	file reference = load(path[0]);
	for (char **found = path + 1; *found; found++) {
		file other = load(*found);
		if (other.s.tensors != reference.s.tensors) {
			printf("%s: %zu tensors instead of %zu\n", *found, other.s.tensors,
			       reference.s.tensors);
			return OFF;
		}
		for (size_t k = 0; k < reference.s.tensors; k++) {
			const nn_st_tensor *t = &reference.s.tensor[k];
			const nn_st_tensor *o = partner(&other, t, *found);
			for (int64_t i = 0; i < t->count; i++) {
				if (number(&reference, t, i) == number(&other, o, i))
					continue;
				printf("%s: %s[%lld] is %.9g, not %.9g\n", *found, t->name,
				       (long long)i, number(&other, o, i),
				       number(&reference, t, i));
				return OFF;
			}
		}
		unload(&other);
	}
	double share = zeros(&reference);
	printf("same; %.0f %% are zero\n", 100 * share);
	return share > ZEROS ? MISTRUSTED : 0;
}

int main(int argc, char **argv)
{
	if (argc > 4 && strcmp(argv[1], "near") == 0)
		return near(argv + 2);
	if (argc > 3 && strcmp(argv[1], "same") == 0)
		return same(argv + 2);
	puts("usage: net_diff near REFERENCE TWIN FOUND..., net_diff same REFERENCE FOUND...");
	return BAD_FILE;
}
