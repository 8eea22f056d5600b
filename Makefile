# Everything a user or a machine runs. `make start` and `make test` each work alone, from a clean clone.

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
INSTALLED := node_modules/.package-lock.json

.PHONY: start demo test soak lint check format schema fuzz mutate coverage bench bench-growth image clean

# The whole development stack on embedded defaults; stays up until Ctrl-C.
start: $(INSTALLED)
	@exec node scripts/launch.js start

# A scripted tour on a fresh stack of its own; fails if any step is not what it should be.
demo: $(INSTALLED)
	@exec node scripts/launch.js demo

test: $(INSTALLED)
	@exec tap run --reporter=./test/reporter.ts

# The tests whose counts are scaled, at full scale; times are asserted here. Some: make soak ARGS=test/policy/windows.test.ts.
SCALED := $(shell grep -rl --include=*.test.ts REEVE_SCALE test)
soak: $(INSTALLED)
	@REEVE_SCALE=1 exec tap run --timeout=7200 --jobs=2 --reporter=./test/reporter.ts $(or $(ARGS),$(SCALED))

lint: $(INSTALLED)
	biome ci --colors=off --error-on-warnings

check: $(INSTALLED)
	tsc -p tsconfig.json

format: $(INSTALLED)
	biome check --write

# Writes what is generated from source: policy/policy.schema.json and the README's list of codes. Tests fail while either is stale.
schema: $(INSTALLED)
	node scripts/policy/schema.ts > policy/policy.schema.json
	node scripts/build/write-codes.ts

# A million messages and a million other inputs through every reader of outside bytes; about ten minutes on two cores. One target, its
# number of inputs and a seed: make fuzz ARGS='messages 20000 7'.
fuzz: $(INSTALLED)
	@exec node test/fuzz/main.ts $(ARGS)

# Mutation testing of the policy engine, part by part; fails where less than 85 % are killed, or what survives is not explained in
# policy/SURVIVORS.md. One part: make mutate PARTS=accounting. After a change, what is not touched by it is taken from the run before:
# make mutate ARGS=--incremental.
PARTS := decoding accounting judgement
mutate: $(INSTALLED)
	@export REEVE_VECTORS=$${REEVE_VECTORS:-$(CURDIR)/../shared/vectors} REEVE_SCALE=$${REEVE_SCALE:-0.002}; failed=; \
	for part in $(PARTS); do PART=$$part stryker run scripts/build/mutation.config.js $(ARGS) || failed="$$failed $$part"; done; \
	if [ -n "$$failed" ]; then echo "under the limit:$$failed"; fi; \
	node scripts/build/check-mutation.ts $(PARTS) && [ -z "$$failed" ]

# What the tests of the pure folders run of them; fails under the limits of scripts/build/check-coverage.ts.
coverage: $(INSTALLED)
	tap run --no-disable-coverage --coverage-report=json-summary --reporter=./test/reporter.ts test/policy/*.test.ts test/corpus/*.test.ts
	node scripts/build/check-coverage.ts

# Speed, side by side on this machine, in under four minutes: make bench ARGS=--json for machines. Fails if a goal is missed.
bench: $(INSTALLED)
	@exec node scripts/bench/main.ts $(ARGS)

# What many wallets cost: 1, 100, 1,000, 10,000 of them in one enclave, and a million receipts. Some: make bench-growth ARGS='1 100'.
bench-growth: $(INSTALLED)
	@exec node test/growth/main.ts $(ARGS)

# The enclave image: enclave/image/README.md says what it needs. The first time takes long; later only what has changed is built.
image: $(INSTALLED)
	@exec node scripts/launch.js image build --out .reeve/reeve.eif $(ARGS)

clean:
	rm -rf .reeve .tap dist

$(INSTALLED): package.json package-lock.json scripts/runtime/package.json
	npm ci --ignore-scripts --loglevel=error
	@touch $(INSTALLED)
