/* Arithmetic in attribute values: results, positions of errors, locale, nesting. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "../runtime/base/calc.h"

static bool names(void *ctx, const char *name, size_t len, double *value)
{
	(void)ctx;
	if (len == 1 && name[0] == 'n')
		*value = 3;
	else if (len == 2 && !memcmp(name, "lr", 2))
		*value = 0.05;
	else if (len == 3 && !memcmp(name, "inf", 3))
		*value = INFINITY;
	else
		return false;
	return true;
}

Test(calc, values)
{
	static const struct {
		const char *text; /* expression  */
		double value;     /* its value   */
	} row[] = {
	        {"1", 1},
	        {" 0.5 ", 0.5},
	        {".5", 0.5},
	        {"5.", 5},
	        {"1e-4", 1e-4},
	        {"2.5E+3", 2500},
	        {"1+2*3", 7},
	        {"(1+2)*3", 9},
	        {"2-3-4", -5},
	        {"16/4/2", 2},
	        {"-n", -3},
	        {"--n", 3},
	        {"- (n - 1) * +2", -4},
	        {"lr*2", 0.1},
	        {"n*\t2\n+1", 7},
	        {"((((((n))))))", 3},
	        {"0.1", 0.1},
	        {"0.1+0.2", 0.1 + 0.2},
	        {"123456789012345678901234567890", 123456789012345678901234567890.0},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		double v = NAN;
		size_t at = 0;
		const char *why = "";
		bool ok = nn_calc(row[i].text, strlen(row[i].text), names, NULL, &v, &at, &why);
		cr_assert(ok, "%s: %s at %zu", row[i].text, why, at);
		cr_assert(v == row[i].value, "%s gave %.17g", row[i].text, v);
	}
}

Test(calc, errors_say_where)
{
	static const struct {
		const char *text; /* expression           */
		size_t at;        /* byte of the mistake  */
		const char *why;  /* part of the message  */
	} row[] = {
	        {"", 0, "expected a number"},         {"1+", 2, "expected a number"},
	        {"n 2", 2, "expected an operator"},   {"2*(n+1", 6, "expected ')'"},
	        {"2*wd", 2, "unknown name"},          {"1/(n-3)", 1, "division by zero"},
	        {"1e308*10", 5, "out of range"},      {"1e999", 0, "out of range"},
	        {"n+inf", 2, "not a finite"},         {"1,5", 1, "expected an operator"},
	        {"0x10", 1, "expected an operator"},  {"2**3", 2, "expected a number"},
	        {"\xc3\xa9", 0, "expected a number"}, {".", 0, "not a number"},
	        {")", 0, "expected a number"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		double v = 0;
		size_t at = 99;
		const char *why = "";
		bool ok = nn_calc(row[i].text, strlen(row[i].text), names, NULL, &v, &at, &why);
		cr_assert(!ok, "%s was accepted", row[i].text);
		cr_assert(at == row[i].at && strstr(why, row[i].why), "%s: %s at %zu", row[i].text,
		          why, at);
	}
}

Test(calc, embedded_zero_and_length)
{
	double v;
	size_t at;
	const char *why;
	cr_assert(nn_calc("12+3", 2, NULL, NULL, &v, &at, &why) && v == 12);
	cr_assert(!nn_calc("1\0002", 3, NULL, NULL, &v, &at, &why) && at == 1);
}

Test(calc, depth_is_bounded)
{
	char deep[100001];
	memset(deep, '(', 100000);
	deep[100000] = 0;
	double v;
	size_t at;
	const char *why;
	cr_assert(!nn_calc(deep, 100000, NULL, NULL, &v, &at, &why));
	cr_assert(strstr(why, "deeply"));
	memset(deep, '-', 100000);
	cr_assert(!nn_calc(deep, 100000, NULL, NULL, &v, &at, &why));
}

Test(calc, locale_does_not_matter)
{
	double v = 0;
	/* Where this locale is not installed the first assertion still holds. */
	setlocale(LC_ALL, "de_DE.UTF-8");
	cr_assert(nn_number("1.5", 3, &v) == 3 && v == 1.5);
	cr_assert(nn_parse_double("-0.25", &v) && v == -0.25);
	cr_assert(!nn_parse_double("0,25", &v));
	cr_assert(!nn_parse_double("1e400", &v));
	cr_assert(!nn_parse_double("", &v));
	cr_assert(!nn_parse_double("nan", &v));
}
