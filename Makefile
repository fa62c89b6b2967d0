# make            the compiler, build/nncc
# make demo       from nothing to a trained network
# make test       everything that is checked; make style prints nothing when fine
# make install    PREFIX=/usr/local, DESTDIR as usual

CC       = clang-19
CFLAGS   = -O2 -g
PREFIX   = /usr/local
BUILD    = build
RUNTIME  = $(CURDIR)/runtime

FLAGS    = -std=c17 -D_GNU_SOURCE $(CFLAGS) -Wall -Wextra -Wshadow -Wconversion -MMD -MP
XML_C    = $(shell pkg-config --cflags libxml-2.0)
XML_LD   = $(shell pkg-config --libs libxml-2.0)
RUN_C    = -march=native -fopenmp
RUN_LD   = -fopenmp -lpng -lz -lm
JSON_LD  = -lcjson -lm

NNCC     = $(BUILD)/nncc
COMPILER = $(patsubst %.c,$(BUILD)/%.o,$(wildcard compiler/*.c)) $(BUILD)/compiler/calc.o
LINKED   = $(filter-out %/main.o,$(COMPILER))
# What a test of the runtime links: all of it but its main, and the networks written by hand.
TRAINER  = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard runtime/*.c)))
FIXTURES = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fixture*.c))

# tests/test_runtime_*.c test the runtime, every other tests/test_*.c the compiler.
TESTS    = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/test_*.c))
TESTS_R  = $(filter $(BUILD)/tests/test_runtime_% %/test_math %/test_team,$(TESTS))
TESTS_C  = $(filter-out $(TESTS_R),$(TESTS))
TOOLS    = $(BUILD)/tests/compare

all: $(NNCC)

$(NNCC): $(COMPILER)
	$(CC) -o $@ $^ $(XML_LD) -lm

$(BUILD)/compiler/%.o: compiler/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(XML_C) -DNNCC_RUNTIME='"$(RUNTIME)"' -c -o $@ $<

$(BUILD)/compiler/calc.o: runtime/calc.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -c -o $@ $<

$(BUILD)/runtime/%.o $(BUILD)/tests/fixture%.o: FLAGS += $(RUN_C)
$(TESTS_R:=.o): FLAGS += $(RUN_C) -Iruntime
$(TESTS_C:=.o): FLAGS += $(XML_C) -Icompiler -Iruntime
$(BUILD)/runtime/%.o $(BUILD)/tests/%.o: 
