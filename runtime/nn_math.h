#ifndef NN_MATH_H
#define NN_MATH_H
#endif
