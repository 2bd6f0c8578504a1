# `make` builds the tool; `make help` lists the other targets.

# The processor that the code is compiled for; x86-64-v3 makes a binary that most machines run.
ARCH ?= native
SWIFT ?= swift
DOCC ?= $(if $(filter Darwin,$(shell uname)),xcrun )docc
# Symbols name functions in a crash; the lines of each would cost a twentieth of the build and two thirds of the binary. The
# compiler's checks of its own intermediate code would cost as much.
RELEASE = -c release -debug-info-format none -Xswiftc -Xfrontend -Xswiftc -sil-verify-none -Xcc -march=$(ARCH)
BINARY = .build/release/swage
# What `swage --version` says it was built from.
export SWAGE_COMMIT := $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null)

# The modules of the products, by the list of Package.swift.
LISTED = $(shell sed -n '/^let libraries/,/^]/p' Package.swift | grep -o '"[A-Za-z]*"' | tr -d '"' | sort -u)
MODULES = $(notdir $(wildcard $(addprefix Sources/,$(LISTED))))
FORMATTED = Sources Tests Package.swift Examples/Sources Examples/Package.swift $(wildcard Benchmarks)

.PHONY: build test test-slow fuzz examples demo install uninstall dist lint format bench docs clean packages help

build: packages ## The release binary, .build/release/swage
	$(SWIFT) build $(RELEASE) --product swage

# A regular expression of names of tests, to run only these: `make test FILTER=RecipesTests`.
FILTER ?=

test: packages ## All tests, or those of FILTER, in release: numeric code is far too slow in a debug build
	$(SWIFT) test $(RELEASE) --disable-xctest $(if $(FILTER),--filter '$(FILTER)')

# The oldest system that the tarball is for, the one that it is built on, and where debootstrap finds it.
OLDEST ?= bookworm http://deb.debian.org/debian
# Random kills and seconds of fuzzing of each reader in `make test-slow`.
KILLS ?= 500
# Of builds with a sanitizer: optimized, since numeric code is far too slow else, with all that names places.
SANITIZED = -Xswiftc -O -Xcc -O2 -Xcc -march=$(ARCH)

test-slow: packages ## Hours: sanitizers, KILLS random kills, every fault of a disk, fuzzing, the handbook, clusters, installing
	Tests/Slow/address.sh "$(SWIFT)" $(SANITIZED)
	Tests/Slow/thread.sh "$(SWIFT)" $(SANITIZED)
	SWAGE_KILLS=$(KILLS) SWAGE_FAULTS=all $(SWIFT) test $(RELEASE) --disable-xctest --filter 'KillTests|FaultTests'
	$(MAKE) fuzz TIME=600
	$(MAKE) build
	Tests/Handbook/run.sh $(BINARY) all README.md Docs/Handbook.docc/*.md
	Tests/Cluster/check.sh $(BINARY)
	Tests/Install/check.sh "$(MAKE)"
	$(MAKE) dist
	Tests/Install/clean_root.sh .build-dist/swage-*.tar.gz $(OLDEST)

# Seconds for each target of `make fuzz`, or INPUTS without libFuzzer, and the target if it is to be only one.
TIME ?= 60
INPUTS ?=
TARGET ?=

fuzz: packages ## Gives readers damaged files for TIME seconds each, or one TARGET, with libFuzzer; or INPUTS each without it
	SWIFT="$(SWIFT)" ARCH=$(ARCH) Tests/Fuzz/$(if $(INPUTS),unguided.sh $(INPUTS),guided.sh $(TIME)) $(TARGET)

examples: packages ## Builds the examples, a package that uses the products, and checks what they print
	Examples/check.sh

demo: packages ## Converts, quantizes and measures the bundled model in a few minutes; files go to demo/
	@echo "Building Swage, which takes 3 to 10 minutes the first time."
	@$(SWIFT) build $(RELEASE) --product swage $$([ -t 1 ] || echo --quiet)
	@Fixtures/demo.sh $(BINARY) demo

# Where `make install` puts the tool; DESTDIR comes before it where a package is made.
PREFIX ?= /usr/local
# Swift's own libraries are linked in, except on macOS, where the system has them.
STATIC = $(if $(filter Linux,$(shell uname)),--static-swift-stdlib)

install: packages ## The binary, manual pages and completions, to PREFIX (/usr/local)
	$(SWIFT) build $(RELEASE) $(STATIC) --scratch-path .build-install --product swage
	Install/install.sh .build-install/release/swage "$(DESTDIR)$(PREFIX)"

uninstall: ## Removes what `make install` has put to PREFIX
	Install/uninstall.sh "$(DESTDIR)$(PREFIX)"

# Most machines can run what is packed, unless ARCH says for which it is.
dist: ARCH := $(if $(filter file,$(origin ARCH)),x86-64-v3,$(ARCH))
dist: packages ## A tarball for machines without Swift, .build-dist/swage-VERSION-linux-PROCESSOR.tar.gz
	Install/archives.sh .build-dist/archives
	PKG_CONFIG_PATH=$(CURDIR)/.build-dist/archives $(SWIFT) build $(RELEASE) --static-swift-stdlib \
		--scratch-path .build-dist --product swage
	Install/dist.sh .build-dist/release/swage .build-dist .build-dist/checkouts

lint: ## Formatting, import directions, file lengths, words of the command line
	$(SWIFT) format lint --strict --recursive $(FORMATTED)
	Tests/Lint/imports.sh
	Tests/Lint/lengths.sh
	Tests/Lint/words.sh

format: ## Formats the sources in place
	$(SWIFT) format --in-place --recursive $(FORMATTED)

bench: build ## Times the commands on a checkpoint of real geometry; LLAMA_BIN=folder measures llama.cpp's tools beside them
	$(SWIFT) build $(RELEASE) --package-path Benchmarks --scratch-path .build-bench
	.build-bench/release/PipelineBenchmark $(BINARY) Fixtures

docs: packages ## The modules' documentation and the handbook, static sites in .build-docs/site and .build-docs/handbook
	SWAGE_DOCS=1 $(SWIFT) package --scratch-path .build-docs --allow-writing-to-directory .build-docs/site \
		generate-documentation $(addprefix --target ,$(MODULES)) --enable-experimental-combined-documentation \
		--warnings-as-errors --transform-for-static-hosting --output-path .build-docs/site
	$(DOCC) convert Docs/Handbook.docc --fallback-display-name Handbook --fallback-bundle-identifier swage.handbook \
		--warnings-as-errors --transform-for-static-hosting --output-path .build-docs/handbook

clean: ## Removes everything that was built
	rm -rf .build .build-address .build-thread .build-bench .build-fuzz .build-fuzz-unguided .build-docs .build-examples .build-install .build-dist demo

packages: ## Installs the system packages that are missing
	@.ci/packages

help:
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)
