/* ops.h: the scalar operators, one row each.
 *
 * OP(id, name in formulas, arity, C text, derivative for each argument)
 * C text: $1..$4 are the arguments. Derivatives: a b c d are the arguments, y the result, g the
 * gradient of the result (empty: has none); where y is at hand (the equation's own output) it is
 * read, so that inputs need not be kept. At a tie max() gives its first argument: max(0, x) has
 * slope 0 at 0. A NaN comes through max() and min() as the second argument: constants stand first.
 * The fold max{} becomes NaN with any, and its argmax is then the last one's place: PyTorch's. */
OP(ADD, "+", 2, "$1 + $2", "g", "g", "", "")
OP(SUB, "-", 2, "$1 - $2", "g", "-g", "", "")
OP(MUL, "*", 2, "$1 * $2", "g * b", "g * a", "", "")
OP(DIV, "/", 2, "$1 / $2", "g / b", "-g * y / b", "", "")
OP(NEG, "neg", 1, "-$1", "-g", "", "", "")
OP(MAX, "max", 2, "nn_max($1, $2)", "ifgt(y, a, 0, g)", "ifgt(y, a, g, 0)", "", "")
OP(MIN, "min", 2, "nn_min($1, $2)", "ifgt(a, y, 0, g)", "ifgt(a, y, g, 0)", "", "")
OP(EXP, "exp", 1, "nn_exp($1)", "g * y", "", "", "")
OP(LOG, "log", 1, "nn_log($1)", "g / a", "", "", "")
OP(SQRT, "sqrt", 1, "nn_sqrt($1)", "g / (2 * y)", "", "", "")
OP(TANH, "tanh", 1, "nn_tanh($1)", "g * (1 - y * y)", "", "", "")
OP(SIGMOID, "sigmoid", 1, "nn_sigmoid($1)", "g * y * (1 - y)", "", "", "")
OP(EXPM1, "expm1", 1, "nn_expm1($1)", "g * (y + 1)", "", "", "")
OP(LOG1P, "log1p", 1, "nn_log1p($1)", "g / (1 + a)", "", "", "")
OP(ERF, "erf", 1, "nn_erf($1)", "g * 1.1283791670955126 * exp(-a * a)", "", "", "")
OP(ABS, "abs", 1, "nn_abs($1)", "g * sign(a)", "", "", "")
OP(SIGN, "sign", 1, "nn_sign($1)", "0", "", "", "")
OP(IFGT, "ifgt", 4, "nn_ifgt($1, $2, $3, $4)", "0", "0", "ifgt(a, b, g, 0)", "ifgt(a, b, 0, g)")
OP(IFEQ, "ifeq", 4, "nn_ifeq($1, $2, $3, $4)", "0", "0", "ifeq(a, b, g, 0)", "ifeq(a, b, 0, g)")
OP(POWER, "power", 2, "nn_power($1, $2)", "", "", "", "")
