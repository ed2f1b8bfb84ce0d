# make help      this list
# make short     the quick loop: no servers, no browser
# make lint      the format, golangci-lint (.golangci.yml has its rules), shellcheck
# make generate  the generated files anew
# make test      everything that proves this project; the only command that CI runs
# make bench     speed, side by side with other producers
# make bench-druid  how fresh Druid is, how fast it ingests and answers, what it takes
# make bench-panels  how long each panel takes, here and from Druid
# make detectors  how good two detectors are on one plan of incidents, into shared/incidents/README.md
# make portrait  the market of a simulated year, drawn and measured, into shared/market/README.md
# make torture   bursts published exactly once, while all that can happen happens to brokers,
#                connections and publishers; TORTURE="-duration 10m -seed 42 -version 4.4.0"
# make mutate    which small changes of the source no test notices
# make mutate-sample  a fixed part of it, in minutes; a part of make test

GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# What waits for servers runs beside what keeps the processors busy.
# jsii, below the CDK, is not made for the race detector. What waits for Druid, for brokers and for the
# browser, and what simulates years, takes ten times as long with it: of those packages only the quick
# tests run with it.
PLAIN = ./dashboards/... ./druid-ec2/...
SLOW = ./shared/local ./shared/local/web ./shared/publish ./shared/market ./shared/market/goods ./shared/score/detectors
RACE = $(shell go list ./... | grep -v -e '^salesburst/cdk' -e '^salesburst/dashboards' -e '^salesburst/druid-ec2' \
	-e '/shared/local$$' -e '/shared/local/web$$' -e '/shared/publish$$' -e '/shared/market$$' -e '/shared/market/goods$$' \
	-e '/shared/score/detectors$$')

# What depends on how brokers behave is tested with other versions of Kafka too.
OTHER_KAFKAS = 4.4.0
ON_EACH_KAFKA = ^Test(RepeatedBurst|Attempts|BurstsBeside|LateAttempts|GivingUp|Killed|Frozen|Ledger|Committed|CommitLost|CommitInDoubtW|StrayBatch|RetryAt|ClusterInTrouble|Topic|OnlyBeside)

# Starts the servers that tests share, once for all of them.
WITH_SERVERS = go run ./shared/devenv/run druid --

.PHONY: help test short bench torture bench-druid bench-panels detectors portrait install lint generate portable mutate mutate-sample

help:
	@sed -n "s/^# make/make/p; s/^#    */    /p" Makefile

generate:
	go generate ./...

test: install lint portable mutate-sample
	$(WITH_SERVERS) sh -ec 'go test -timeout 60m $(PLAIN) & plain=$$!; \
		go test -race -timeout 60m $(RACE) && go test -race -short -timeout 60m -parallel 6 $(SLOW) && \
		go test -timeout 60m -parallel 6 $(SLOW) && rest=passed; \
		wait $$plain; test "$$rest" = passed; go run ./shared/bench/druid -short'
	go test -timeout 60m -run '^Test(OneFault|LateRequest|Histories)$$' ./shared/publish -every -histories 60
	for version in $(OTHER_KAFKAS); do \
		go run ./shared/devenv/run kafka=$$version -- go test -timeout 60m -run '$(ON_EACH_KAFKA)' ./shared/publish || exit 1; done
	go test -timeout 60m ./cdk
	go run ./shared/bench/producer -events 50000 -rounds 1 -large 0
	go run ./shared/publish/torture -duration 3m

bench:
	go run ./shared/bench/producer -write

TORTURE = -duration 1h

torture:
	go run ./shared/publish/torture $(TORTURE)

bench-druid:
	go run ./shared/bench/druid -write

bench-panels:
	go test -timeout 2h -run - -bench Panels ./shared/local/columnstore -write
	$(WITH_SERVERS) go test -timeout 2h -run - -bench Panels -benchtime 5x ./dashboards -events 10000000 -write

detectors:
	go run ./shared/score/detectors -write

portrait:
	go run ./shared/market/portrait -write

mutate:
	go run ./shared/mutate

mutate-sample:
	go run ./shared/mutate -sample

# Many tests wait, so several of a package run at once; heaps are small, and collected a quarter as often.
short:
	GOGC=400 go test -short -parallel 8 ./...

install:
	@.ci/install gcc=gcc chromium=chromium qemu-aarch64-static=qemu-user-static shellcheck=shellcheck \
		python3=python3 java=openjdk-17-jre-headless mvn=maven kcat=kcat zstd=zstd nginx=nginx-light openssl=openssl curl=curl \
		jq=jq npm=npm mkfs.ext4=e2fsprogs ip=iproute2 spin=spin unshare=util-linux systemd-analyze=systemd
	@python3 -c 'import ensurepip' 2>/dev/null || .ci/install no-such-command=python3-venv
	go mod download

lint:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt -w $$unformatted"; exit 1; }
	go run $(GOLANGCI_LINT) run
	shellcheck .ci/run .ci/install druid-ec2/bootstrap.sh druid-ec2/bin/*

# The same burst is the same bytes on the processors of the Lambdas.
portable:
	GOARCH=arm64 go test -exec qemu-aarch64-static ./shared/prng ./shared/sale ./shared/market/places -short
	GOARCH=arm64 go test -exec qemu-aarch64-static ./shared/burst -run Golden
