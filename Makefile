# Everything a user or a machine runs. `make start` and `make test` each work alone, from a clean clone.

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
INSTALLED := node_modules/.package-lock.json

.PHONY: start demo test lint check format schema clean

# The whole development stack on embedded defaults; stays up until Ctrl-C.
start: $(INSTALLED)
	@exec node scripts/launch.js start

# A scripted tour on a fresh stack of its own; fails if any step is not what it should be.
demo: $(INSTALLED)
	@exec node scripts/launch.js demo

test: $(INSTALLED)
	@exec tap run --reporter=./test/reporter.ts

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

clean:
	rm -rf .reeve .tap dist

$(INSTALLED): package.json package-lock.json scripts/runtime/package.json
	npm ci --ignore-scripts --loglevel=error
	@touch $(INSTALLED)
