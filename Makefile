# grapevine. `make` prints this file's targets; nothing needs installing but Go
# and make (with a C compiler the tests also run under the race detector).

SHELL     := /bin/bash
space     := $(subst ,, )
GO        ?= go
VERSION   ?= 0.2.0
COMMIT    ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null)
LDFLAGS   := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# The race detector needs a C compiler. What is arithmetic on its caller's numbers and shares
# nothing is compiled without it: of a wallet's tests the curve alone took five sixths. So are
# digests, a cipher and a code for addresses: what they work on is their caller's, who is watched,
# and the loops of most are assembly that no detector sees.
CC_FOUND  := $(shell command -v cc || command -v gcc || command -v clang)
SHARELESS := github.com/decred/dcrd/... github.com/btcsuite/btcd/btcec/v2/... golang.org/x/crypto/ripemd160 \
             compress/flate regexp regexp/syntax go/scanner go/token go/ast go/parser grapevine/chain/script/secp256k1 \
             crypto/sha256 crypto/sha512 crypto/hmac crypto/internal/fips140/sha256 crypto/internal/fips140/sha512 \
             crypto/internal/fips140/hmac golang.org/x/crypto/chacha20 github.com/btcsuite/btcd/address/v2/bech32
RACE      := $(if $(CC_FOUND),-race $(SHARELESS:%=-gcflags=%=-race=false),)
# make lint vets, once, what go test would vet for each way that it is compiled.
TEST      := $(GO) test -vet=off
TESTFLAGS ?= $(RACE) -timeout 20m
# Packages that start no goroutine, and whose tests start none, need no race detector, with
# which they take five times as long: TestPackagesTestedWithoutTheRaceDetectorStartNoGoroutine
# holds them to it. UNREACHED start some, which none of their tests does (a test holds them to
# that). Of testnet/model only some tests run worlds beside each other.
ALONE     := ./p2p ./p2p/addrbook ./p2p/gossip ./p2p/gossip/blocks ./p2p/gossip/headers ./p2p/gossip/txs ./p2p/msg \
             ./chain ./chain/chaintest ./chain/headertree ./chain/mempool/estimate ./chain/policy ./chain/script/secp256k1 \
             ./wallet ./wallet/coinselect ./wallet/crypter ./wallet/descriptor ./wallet/miniscript ./wallet/psbt \
             ./wallet/signer ./wallet/spend ./wallet/state ./db ./testnet/config ./testnet/export ./cmd/web/layout ./cmd/grapevine/args
UNREACHED := ./chain/history ./chain/mempool/dump ./cmd/rpc/chainapi ./cmd/rpc/poolapi ./cmd/rpc/rest \
             ./cmd/rpc/show ./cmd/rpc/walletapi ./testnet/compare ./testnet/model/picture
# The longest begin first, or the last of them leaves a core idle; and one package more than there are
# cores is tested at a time, for the tests of real processes wait half of their time.
FIRST     := ./cmd/grapevine ./testnet/hostile ./chain/ledger ./cmd/rpc ./p2p/swarm ./wallet/service
ATONCE    := -p $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)
BESIDE    := TestT60_SeedsWithRandomFaults|TestRunsAreExactBySeed|TestSeedsRunBesideEachOther
# It would wait a second at each process's end, and tests start hundreds.
export GORACE ?= atexit_sleep_ms=10

# LIBSECP=1 checks signatures with libsecp256k1 (cgo, pkg-config; Debian's
# libsecp256k1-dev) in place of pure Go, which is as fast (docs/performance.md).
LIBSECP   ?=
TAGS      := $(if $(LIBSECP),-tags libsecp256k1,)
CGO       := $(if $(LIBSECP),1,0)

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GREMLINS    := github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0

# Sizes of the long ones; .ci/run makes them small.
FUZZTIME  ?= 1000000x
BENCHTIME ?= 1s
ROUNDS    ?= 20
# Of conformance: blocks for the twin to validate.
BLOCKS    ?= 10000
# Of conformance and twins: whether what has two sizes is run at its whole one (1). At the small
# one (nothing) make test has run it: it is left out.
FULL      ?= 1
WHOLE      = $(if $(FULL),GRAPEVINE_FULL=$(FULL),@: in make test:)
CRASHES   ?= 1000
SIGNATURES ?= 3000000
SEEDS      ?= 10000
# Packages whose every comparison is turned round by make mutate.
MUTATE     ?= chain/headertree chain/policy

.PHONY: help build cross release demo test lint docs interop browser exports conformance core-tests fuzz bench bench-peers bench-large soak twins signatures mutate prove clean

help: ## print this
	@echo "make TARGET"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | column -t -s '|' 2>/dev/null || \
	 sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1  \2/p' Makefile
	@echo
	@echo "sizes: FUZZTIME=$(FUZZTIME), BENCHTIME=$(BENCHTIME), ROUNDS=$(ROUNDS), BLOCKS=$(BLOCKS), FULL=$(FULL), CRASHES=$(CRASHES), SIGNATURES=$(SIGNATURES), SEEDS=$(SEEDS)"

build: ## bin/grapevine, one static binary (LIBSECP=1: signatures by libsecp256k1, with cgo)
	CGO_ENABLED=$(CGO) $(GO) build $(TAGS) -trimpath -ldflags '$(LDFLAGS)' -o bin/grapevine ./cmd/grapevine

# Whatever has a 64-bit or 32-bit Go and bbolt's locks. Where this machine can run
# a foreign one (386 on amd64), a whole network of it is started.
PLATFORMS := linux/amd64 linux/arm64 linux/386 linux/arm freebsd/amd64 freebsd/arm64 freebsd/386 freebsd/arm \
             darwin/amd64 darwin/arm64 windows/amd64 windows/arm64 windows/386

cross: ## bin/cross: a binary for every system and processor (or those of PLATFORMS), a network of 386 ones, their tests vetted
	@set -e; for p in $(PLATFORMS); do \
	  os=$${p%/*} arch=$${p#*/}; name=bin/cross/grapevine-$$os-$$arch; [ $$os != windows ] || name=$$name.exe; \
	  echo "$$name"; CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $$name ./cmd/grapevine; \
	done
	@if [ "$$($(GO) env GOHOSTOS)/$$($(GO) env GOHOSTARCH)" = linux/amd64 ]; then \
	  set -x; bin/cross/grapevine-linux-386 testnet demo > /dev/null; \
	  GOARCH=386 CGO_ENABLED=0 $(GO) vet -trimpath ./...; fi

# Built twice from two copies of the tree at two paths, each with a build cache of its
# own: the same bytes, or no release. SIGN is a command that signs the file it is given:
# SIGN='gpg --detach-sign --armor'.
RELEASE := bin/release
SIGN    ?=

release: ## bin/release: every system's binary, built twice, with SHA256SUMS (SIGN='gpg --detach-sign')
	@set -e; rm -rf $(RELEASE); mkdir -p $(RELEASE); top=$$(mktemp -d); trap 'chmod -R u+w $$top; rm -rf $$top' EXIT; \
	for copy in one another/place; do \
	  mkdir -p $$top/$$copy; git archive HEAD | tar -x -C $$top/$$copy; \
	  for p in $(PLATFORMS); do \
	    os=$${p%/*} arch=$${p#*/}; name=grapevine-$(VERSION)-$$os-$$arch; [ $$os != windows ] || name=$$name.exe; \
	    echo "$$name ($$copy)"; mkdir -p $$top/out/$$copy; \
	    (cd $$top/$$copy && GOCACHE=$$top/cache/$$copy CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch \
	      $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS) -buildid=' -o $$top/out/$$copy/$$name ./cmd/grapevine); \
	  done; \
	done; \
	diff -r $$top/out/one $$top/out/another/place || { echo "two builds differ: this is no release"; exit 1; }; \
	cp $$top/out/one/* $(RELEASE)/; cd $(RELEASE); sha256sum grapevine-* > SHA256SUMS; cat SHA256SUMS; \
	[ -z "$(SIGN)" ] || $(SIGN) SHA256SUMS

demo: build ## a network without a server, live, in half a minute
	bin/grapevine testnet demo

test: ## all tests, with the race detector for all that has goroutines, where there is a C compiler
	$(TEST) $(TAGS) $(TESTFLAGS) $(ATONCE) $(FIRST) $$($(GO) list ./... | grep -vxE '$(subst $(space),|,$(strip $(patsubst ./%,grapevine/%,$(ALONE) $(UNREACHED))))|grapevine/testnet/model')
	$(TEST) $(TAGS) $(TESTFLAGS) -run '$(BESIDE)' ./testnet/model & beside=$$!; \
	$(TEST) $(TAGS) -timeout 20m $(ALONE) $(UNREACHED) ./testnet/model; alone=$$?; wait $$beside && exit $$alone

docs: ## docs/rpc.md, from the table of methods and cmd/rpc/testdata/differences.txt
	$(GO) test $(TAGS) ./cmd/rpc -run TestDocuments -count 1 -rewrite

lint: ## gofmt, vet, the layers of the architecture, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go' 2>/dev/null || find . -name '*.go'))" || \
	 { echo "not gofmt'ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	cd testnet/interop && $(GO) vet ./...
	cd testnet/interop/neutrino && $(GO) vet ./...
	cd testnet/interop/browser && $(GO) vet ./...
	cd testnet/interop/prometheus && $(GO) vet ./...
	cd testnet/export/schemas && $(GO) vet ./...
	$(GO) test -run 'Layers|Package|Formatted|Short|Pure' ./cmd/grapevine
	$(GO) run $(STATICCHECK) ./...

# BITCOIND is a bitcoind of Core's that signs PSBTs with ours; without it the other side is ours too.
interop: ## btcd as a peer, its RPC client, neutrino; Electrum and npm's clients where they are there; BITCOIND=/path signs with Core
	cd testnet/interop && $(GO) test -count=1 -timeout 10m -skip FullBlock .
	cd testnet/interop && BITCOIND='$(if $(BITCOIND),$(abspath $(BITCOIND)))' $(GO) test -count=1 -timeout 10m ./core
	cd testnet/interop/neutrino && $(GO) test -count=1 -timeout 10m .

# PICTURES is where the pictures of docs/page.md are drawn anew: PICTURES=docs.
browser: ## the page in a browser (Debian's chromium): pays, cuts, follows, searches; axe's rules; PICTURES=docs
	cd testnet/interop/browser && PICTURES='$(if $(PICTURES),$(abspath $(PICTURES)))' $(GO) test -count=1 -timeout 10m -v .

exports: ## testnet export against Compose's loader and Kubernetes' types; metrics, alerts, dashboard against Prometheus
	cd testnet/export/schemas && $(GO) test -count=1 -timeout 10m .
	cd testnet/interop/prometheus && $(GO) test -count=1 -timeout 10m .

conformance: ## consensus: Core's vectors, mainnet's blocks, btcd's full block tests and btcd as a twin
	$(WHOLE) $(TEST) -count=1 -timeout 20m ./chain ./chain/script
	@if pkg-config --exists libsecp256k1 2>/dev/null; then \
	  set -x; GRAPEVINE_FULL=$(FULL) $(GO) test -count=1 -tags libsecp256k1 -timeout 20m ./chain/script; fi
	@if [ "$$($(GO) env GOHOSTOS)/$$($(GO) env GOHOSTARCH)" = linux/amd64 ]; then \
	  set -x; GOARCH=386 CGO_ENABLED=0 $(TEST) -count=1 ./chain ./chain/script ./chain/coins; fi
	$(WHOLE) $(TEST) -count=1 -timeout 20m -run 'T[0-9]+_|Assumed|Scripts|CrashAnywhere|Digests|AgreesWithTheTwin|SoundChains' ./chain/ledger ./chain/archive ./db
	$(WHOLE) $(TEST) $(RACE) -count=1 -timeout 20m -run T30_ ./chain/ledger
	cd testnet/interop && $(TEST) -count=1 -timeout 10m -run FullBlock -v .
	cd testnet/interop && TWIN_BLOCKS=$(BLOCKS) $(TEST) -count=1 -timeout 20m -v ./mainnet ./twin

# CORE is a checkout of Bitcoin Core with its test/functional; nothing in it is changed.
# TESTS is a list with commas: p2p_ping.py,rpc_users.py; nothing is all of them.
core-tests: ## Bitcoin Core's functional tests against this binary: CORE=/path/to/a/checkout [TESTS=…], writes docs/core-tests.md
	@test -n "$(CORE)" || { echo "make core-tests CORE=/path/to/a/checkout/of/bitcoin [TESTS=p2p_ping.py,rpc_users.py]"; exit 2; }
	GRAPEVINE_CORE='$(abspath $(CORE))' GRAPEVINE_CORE_TESTS='$(TESTS)' $(GO) test -count=1 -timeout 10h -run TestCoresFunctionalTests -v ./cmd/grapevine

# FUZZTIME counts inputs (1000x) or seconds (30s); Go's fuzzer sometimes takes the
# end of the time for a failure. Making a find smaller would take a minute in which
# nothing is tried.
fuzz: ## every fuzz target with FUZZTIME inputs (a page takes a millisecond: a twentieth of them)
	@set -e; few=$(FUZZTIME); case $$few in *x) few=$$(($${few%x} / 20))x;; esac; \
	top=$$(mktemp -d); trap 'rm -rf $$top' EXIT; found=$$($(GO) env GOCACHE)/fuzz; \
	for p in $$($(GO) list ./...); do \
	  dir=.$${p#grapevine}; grep -qs '^func Fuzz' $$dir/*_test.go || continue; \
	  $(TEST) -c -fuzz . -o $$top/fuzz $$p; \
	  for f in $$($$top/fuzz -test.list '^Fuzz'); do \
	    many=$(FUZZTIME); [ $$f != FuzzPages ] || many=$$few; \
	    echo "== $$p $$f"; (cd $$dir && $$top/fuzz -test.run '^$$' -test.fuzz "^$$f\$$" -test.fuzztime $$many \
	      -test.fuzzminimizetime 1000x -test.fuzzcachedir $$found/$$p); \
	  done; \
	done

bench: ## benchmarks of the hot paths
	$(TEST) -run '^$$' -bench . -benchtime $(BENCHTIME) -benchmem ./...

# BITCOIND is your own build of Bitcoin Core; nothing of it is here. OUT=file keeps the tables.
PERCENT ?= 100
bench-peers: build ## what users wait for, beside Bitcoin Core in turn: BITCOIND=/path/to/bitcoind [PERCENT=5 ROUNDS=1 OUT=file], two tables
	@test -n "$(BITCOIND)" || { echo "make bench-peers BITCOIND=/path/to/bitcoind [PERCENT=5] [ROUNDS=1] [OUT=tables.md]"; exit 2; }
	cd testnet/interop && GRAPEVINE='$(abspath bin/grapevine)' BITCOIND='$(abspath $(BITCOIND))' PERCENT=$(PERCENT) OUT='$(if $(OUT),$(abspath $(OUT)))' \
	  ROUNDS=$(if $(filter command line,$(origin ROUNDS)),$(ROUNDS),2) $(GO) test -count=1 -timeout 4h -run TestBesideBitcoind -v ./peers

bench-large: ## ten million coins on disk, ten thousand nodes in virtual time: minutes, and a GiB
	GRAPEVINE_TEST_COINS=10000000 $(GO) test -count=1 -timeout 60m -run TestLargeSet -v ./chain/coins
	GRAPEVINE_LARGE=1 $(GO) test -count=1 -timeout 20m -run TenThousand -v ./testnet/model

soak: ## kill -9 in the middle of sync, mining and a reorganisation, and a network shaped at random, ROUNDS times, on real processes
	GRAPEVINE_TEST_ROUNDS=$(ROUNDS) $(TEST) -count=1 -timeout 60m -run 'KillDashNine|WhateverIsDone|T63_|FreshNodeSyncs' -v ./cmd/grapevine

twins: ## comparisons with naive twins, random runs, crashes, simulated faults, attacks at full size, by ROUNDS CRASHES SIGNATURES SEEDS
	$(TEST) -count=$(ROUNDS) -timeout 60m -run 'Twin|Random|Naive|Seed|Model' ./...
	GRAPEVINE_TEST_CRASHES=$(CRASHES) $(TEST) -count=1 -timeout 60m -run T48 ./chain/ledger
	GRAPEVINE_TEST_CRASHES=$(CRASHES) $(TEST) -count=1 -timeout 120m -run TestWalletsKeepWhatTheyAcknowledged -v ./cmd/grapevine
	GRAPEVINE_SEEDS=$(SEEDS) $(TEST) -count=1 -timeout 60m -run T60 ./testnet/model
	GRAPEVINE_SEEDS=$$(($(SEEDS) / 10)) $(TEST) -count=1 -timeout 60m -run T60 ./testnet/hostile
	GRAPEVINE_SEEDS=$$(($(SEEDS) / 50)) $(TEST) -count=1 -timeout 60m -run NaiveRecount ./wallet/service
	$(WHOLE) $(TEST) -count=1 -timeout 60m -run 'T[0-9]+_' -skip T60_Random -v ./testnet ./testnet/hostile ./cmd/grapevine/cli ./p2p/swarm ./p2p/addrbook
	$(WHOLE) $(TEST) -count=1 -timeout 20m -run 'ListenersOfBothKinds|LargestStaySmall|BatchesShareOneBudget|ReadNothingLockNobodyOut|FallsOverNonsense' -v ./cmd/rpc ./cmd/web/explorer
	GRAPEVINE_TEST_SIGNATURES=$(SIGNATURES) $(TEST) -count=1 -timeout 0 -run 'T33_TheFastRoad' -v ./chain/script
	GRAPEVINE_TEST_FIELD=$(SIGNATURES) $(TEST) -count=1 -timeout 60m -run Twin ./chain/script/secp256k1
	@if pkg-config --exists libsecp256k1 2>/dev/null; then \
	  set -x; GRAPEVINE_TEST_SIGNATURES=$(SIGNATURES) $(TEST) -count=1 -tags libsecp256k1 -timeout 0 -run 'T33_TheFastRoad' -v ./chain/script; fi
	$(MAKE) signatures

signatures: ## of twins: SIGNATURES signatures of every kind, judged by every curve; says how far it is
	@if pkg-config --exists libsecp256k1 2>/dev/null; then tags='-tags libsecp256k1'; \
	else echo "no libsecp256k1 here: the curves are compared without it"; fi; set -x; \
	  GRAPEVINE_TEST_SIGNATURES=$(SIGNATURES) $(TEST) -count=1 $$tags -timeout 0 -run Twin_Curves -v ./chain/script

prove: test lint demo cross interop browser exports conformance fuzz bench bench-large soak twins ## all of it at full size, about an hour

# What survives is listed in docs/testing.md with the reason why it is harmless.
mutate: ## planted faults are found by the tests: a list of marked ones, and every comparison of the packages in MUTATE
	GRAPEVINE_MUTANTS=1 $(GO) test -count=1 -timeout 60m -run TestMutants -v ./cmd/grapevine
	@set -ex; for p in $(MUTATE); do $(GO) run $(GREMLINS) unleash --workers 1 --timeout-coefficient 20 -S lt ./$$p; done

clean: ## what build made
	rm -rf bin
