# make           the compiler, build/nncc        make install   PREFIX=/usr/local, DESTDIR as usual
# make demo      from nothing to a trained net   make style     prints nothing when fine
# make test      everything that is checked      make bench   against oneDNN, PyTorch and JAX
# make clean                                      make bench-quick   against oneDNN, 5 minutes
# make fuzz      SECONDS=60 for each parser, or TARGET="csv png"

CC       = clang-19
CFLAGS   = -O2 -g
PREFIX   = /usr/local
BUILD    = build
RUNTIME  = $(CURDIR)/runtime
LIBRARY  = $(abspath $(BUILD)/runtime/libnn.a)

FLAGS    = -std=c17 -D_GNU_SOURCE $(CFLAGS) -Wall -Wextra -Wshadow -Wconversion -MMD -MP
XML_C    = $(shell pkg-config --cflags libxml-2.0 2>/dev/null)
XML_LD   = $(shell pkg-config --libs libxml-2.0 2>/dev/null)
# As a trainer is compiled (compiler/driver/cc.c). clang-19 warns about its own choice of features.
RUN_C    = -fopenmp -fno-math-errno -fno-trapping-math
NATIVE   = -march=native -Wno-invalid-feature-combination
LIB_C    = -std=gnu17 -O2 -ffp-contract=off $(RUN_C) -ffunction-sections -fdata-sections
RUN_LD   = -fopenmp -ljpeg -lpng -lz -lm

# What a test links: the compiler or the runtime, each without its main. The compiler shares
# a few files with the runtime. tests/fixture*.c are networks as nncc would emit them.
objects  = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard $(1))))
SHARED   = $(patsubst %,$(BUILD)/compiler/%.o,base/calc base/near kernel/processors base/sha256)
COMPILER = $(call objects,compiler/*/*.c) $(SHARED)
TRAINER  = $(call objects,runtime/*/*.c tests/fixture*.c)

LISTED   = $(shell sed 's/ .*//' runtime/files.txt)

# tests/test_runtime_*.c, test_math.c and test_team.c test the runtime, the others the compiler.
TESTS    = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/test_*.c))
OF_RUN   = $(filter $(addprefix $(BUILD)/tests/,test_runtime_% test_math test_team),$(TESTS))
OF_NNCC  = $(filter-out $(OF_RUN),$(TESTS))

all: $(BUILD)/nncc $(BUILD)/runtime/libnn.a

$(BUILD)/nncc: $(BUILD)/compiler/main.o $(COMPILER)
	$(CC) -o $@ $^ $(XML_LD) -lm

# Says which packages are missing before a compiler does in its own way.
$(BUILD)/checked:
	@tests/setup.sh --check '$(CC)'
	@mkdir -p $(@D) && touch $@

define compile
@mkdir -p $(@D)
$(CC) $(FLAGS) -c -o $@ $<
endef
$(BUILD)/%.o: %.c | $(BUILD)/checked
	$(compile)
$(SHARED): $(BUILD)/compiler/%.o: runtime/%.c | $(BUILD)/checked
	$(compile)
$(BUILD)/compiler/%.o: FLAGS += $(XML_C)
$(BUILD)/compiler/driver/sources.o: FLAGS += -DNNCC_RUNTIME='"$(RUNTIME)"' -DNNCC_LIBRARY='"$(LIBRARY)"'
$(BUILD)/runtime/%.o: FLAGS += $(RUN_C) -ffp-contract=off
$(BUILD)/runtime/kernel/peak.o $(BUILD)/tests/fixture%.o $(OF_RUN:=.o): FLAGS += $(RUN_C) $(NATIVE)
$(BUILD)/runtime/lib/%.o: FLAGS = $(LIB_C) -MMD -MP
$(BUILD)/runtime/lib/%.o: runtime/%.c $(BUILD)/runtime/libnn.a.cc | $(BUILD)/checked
	$(compile)

# The runtime as trainers link it, for any processor of this architecture; nncc takes it only if
# its C compiler calls itself what libnn.a.cc says, and no source is newer, nor a header of kernels.
$(BUILD)/runtime/libnn.a: $(addprefix $(BUILD)/runtime/lib/,$(patsubst %.c,%.o,$(LISTED))) \
		$(wildcard runtime/*.h runtime/*/*.h)
	@rm -f $@
	ar rcs $@ $(filter %.o,$^)
$(BUILD)/runtime/libnn.a.cc: FORCE
	@mkdir -p $(@D)
	@$(CC) --version | head -n 1 | cmp -s - $@ || $(CC) --version | head -n 1 >$@
$(OF_NNCC:=.o): FLAGS += $(XML_C)

# As an archive: a test takes what it needs, and main.c's table of passes is not among it.
$(BUILD)/compiler/nncc.a: $(COMPILER)
	@rm -f $@
	ar rcs $@ $^
$(OF_NNCC): %: %.o $(BUILD)/compiler/nncc.a
	$(CC) -o $@ $^ $(XML_LD) -lcriterion -lcjson -lm
$(OF_RUN): %: %.o $(TRAINER)
	$(CC) -o $@ $^ $(RUN_LD) -lcriterion -lcjson
$(BUILD)/tests/compare: $(BUILD)/tests/compare.o
	$(CC) -o $@ $^ -lcjson -lm
$(BUILD)/tests/shapes: $(BUILD)/tests/shapes.o
	$(CC) -o $@ $^ -lpng -lm

# The peer in bench/, with the C compiler and so the OpenMP that Debian's oneDNN is built with.
DNN      = $(patsubst %.c,$(BUILD)/%.o,$(wildcard bench/*.c)) \
	$(patsubst %,$(BUILD)/runtime/lib/%.o,file/safetensors file/kind file/json_read file/io \
	base/text base/error base/sha256)
$(BUILD)/bench/%.o: CC = gcc
$(BUILD)/bench/%.o: FLAGS += -O3 -march=native -fno-math-errno -fno-trapping-math -fopenmp
$(BUILD)/bench/onednn: $(DNN)
	gcc -fopenmp -o $@ $^ -ldnnl -lcjson -lm

# All processors, and only what goes wrong is shown.
QUICK    = $(MAKE) -s --no-print-directory -j$(shell nproc)
# Everything once more under build/asan: what finds memory errors, and counters of branches for the
# targets of libFuzzer in tests/fuzz. What several of those share is no target.
SANITIZE = -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
FUZZED   = $(filter-out $(addprefix $(BUILD)/tests/fuzz/,child data file lines), \
	$(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c)))
FUZZED_NNCC = $(addprefix $(BUILD)/tests/fuzz/,front nncc)
$(FUZZED_NNCC:=.o): FLAGS += $(XML_C)
$(FUZZED_NNCC): %: %.o $(addprefix $(BUILD)/tests/fuzz/,child.o file.o) $(BUILD)/compiler/nncc.a
	$(CC) -fsanitize=fuzzer -o $@ $^ $(XML_LD) -lm
$(filter-out $(FUZZED_NNCC),$(FUZZED)): %: %.o \
		$(addprefix $(BUILD)/tests/fuzz/,data.o file.o lines.o) $(TRAINER)
	$(CC) -fsanitize=fuzzer -o $@ $^ $(RUN_LD)
sanitized: all $(TESTS) $(FUZZED) $(BUILD)/tests/net_gen
asan:
	@$(QUICK) BUILD=build/asan CC='clang-19 $(SANITIZE) -fsanitize=fuzzer-no-link' \
		CFLAGS='-O1 -g' sanitized
# SECONDS=n of each target (or TARGET="csv png"); what is found goes to build/fuzz.
fuzz: asan
	@SECONDS_EACH=$(or $(SECONDS),60) tests/run_fuzz.sh $(TARGET)

# Random networks for the runners of tests/nets.sh.
NET_TOOLS = $(BUILD)/tests/net_gen $(BUILD)/tests/net_diff
$(BUILD)/tests/net_gen: $(patsubst %,$(BUILD)/tests/net_%.o,gen random crowd data reduce) \
		$(BUILD)/compiler/nncc.a
	$(CC) -o $@ $^ $(XML_LD) -lm
$(BUILD)/tests/net_diff: $(BUILD)/tests/net_diff.o $(BUILD)/runtime/libnn.a
	$(CC) -o $@ $^ $(RUN_LD)
fuzz-nets: all $(NET_TOOLS)
	@tests/run_fuzz_nets.sh $(N) $(SEED)
# Whole networks and random ones against PyTorch, which goes into build/venv.
test-torch: all $(NET_TOOLS)
	@tests/torch/setup.sh $(BUILD)/venv
	@$(BUILD)/venv/bin/python -B tests/torch/live.py models/*.xml --random $(or $(N),20)

# What is emitted for NEON, under qemu; installs a cross compiler and qemu-user.
test-neon:
	@tests/setup.sh build neon
	@$(QUICK) all $(BUILD)/tests/compare $(NET_TOOLS)
	@tests/neon.sh

# The report of a training in a real browser; needs Debian's package chromium.
test-report: all
	@tests/run_report.sh && tests/report_chromium.sh

# The packages first: what is not installed cannot be compiled against.
test:
	@tests/setup.sh build test
	@$(QUICK) all $(TESTS) $(addprefix $(BUILD)/tests/,compare shapes) $(NET_TOOLS) \
		$(BUILD)/bench/onednn
	@$(MAKE) -s --no-print-directory asan
	@tests/all.sh $(wildcard tests/run_*.sh) $(TESTS)

# NETS="resnet20 cliff" THREADS="1 2" PEERS="onednn torch" PAIRS=7 INTO=FILE.json NNCC_FLAGS=... NOTE=...
BENCH    = python3 -B bench/bench.py --threads "$(or $(THREADS),1 2)" --pairs $(or $(PAIRS),7) \
	$(if $(INTO),--into $(INTO)) $(if $(NNCC_FLAGS),"--nncc=$(NNCC_FLAGS)") \
	$(if $(NOTE),--note "$(NOTE)")
bench: bench-peers
	@$(BENCH) --peers "$(or $(PEERS),onednn torch jax)" $(or $(NETS),all)
bench-quick: bench-peers
	@$(BENCH) --peers onednn $(or $(NETS),quick)
bench-peers:
	@tests/setup.sh build bench
	@$(QUICK) all $(BUILD)/bench/onednn
# PyTorch and JAX; what is there stays.
bench-venv:
	@tests/torch/setup.sh $(BUILD)/venv
	$(BUILD)/venv/bin/pip install jax

demo:
	@tests/setup.sh build demo
	@$(QUICK) all
	$(BUILD)/nncc models/lenet5.xml
	./lenet5 train --out runs/demo --overwrite
	./lenet5 test --out runs/demo
	@echo 'Next:'
	@echo '  ./lenet5 predict --out runs/demo IMAGE.png          what is on a picture'
	@echo '  ./lenet5 bench --profile            where the time goes, kernel by kernel'
	@echo '  $(BUILD)/nncc -S models/lenet5.xml   the C code, in lenet5.c.d/net.c'
	@echo '  change models/lenet5.xml; $(BUILD)/nncc models/lenet5.xml; ./lenet5'

style:
	@tests/setup.sh build test style
	@tests/style.sh

install: $(BUILD)/runtime/libnn.a
	rm -rf $(BUILD)/install
	$(MAKE) BUILD=$(BUILD)/install RUNTIME=$(PREFIX)/share/nncc/runtime \
		LIBRARY=$(PREFIX)/lib/nncc/libnn.a $(BUILD)/install/nncc
	install -D $(BUILD)/install/nncc $(DESTDIR)$(PREFIX)/bin/nncc
	rm -rf $(DESTDIR)$(PREFIX)/share/nncc/runtime
	install -d $(DESTDIR)$(PREFIX)/lib/nncc
	for f in $(wildcard runtime/*.h runtime/*/*.[ch]) runtime/files.txt; do \
		install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/nncc/$$f || exit 1; done
	install -m 644 $(BUILD)/runtime/libnn.a* $(DESTDIR)$(PREFIX)/lib/nncc

clean:
	rm -rf $(BUILD)/compiler $(BUILD)/runtime $(BUILD)/tests $(BUILD)/oracle $(BUILD)/install \
		$(BUILD)/bench $(BUILD)/report $(BUILD)/walk $(BUILD)/asan $(BUILD)/checked $(BUILD)/nncc

-include $(wildcard $(addprefix $(BUILD)/,compiler/*.d compiler/*/*.d runtime/*/*.d runtime/lib/*/*.d \
	tests/*.d tests/fuzz/*.d bench/*.d))
.SECONDARY:
.PHONY: all test sanitized asan fuzz fuzz-nets test-torch test-neon test-report bench bench-quick bench-peers bench-venv \
	demo style install clean FORCE
