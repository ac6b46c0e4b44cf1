# The commands people type. What they do is in tools/ and meson.build; this only names them.
.DEFAULT_GOAL := help
.PHONY: help run build test faults catalogue life bench lint format docs clean

help:
	@echo "make run     install what is missing, build, start Mortise beside a simulated Atlassian"
	@echo "make test    run everything against a build with AddressSanitizer and UBSan"
	@echo "make faults  kill the server at every step of a refresh and at 500 random moments (15 to 30 minutes)"
	@echo "make catalogue  every action of the catalogue against the simulator, judged by Jira's OpenAPI file (two minutes)"
	@echo "make life    a year of 2,000 people's connections (15 minutes)"
	@echo "make bench   the relay beside nginx, haproxy and a Node proxy (ten minutes; needs an idle machine)"
	@echo "make lint    format, clang-tidy, cppcheck, include order, layers, banned calls, lengths"
	@echo "make build   the release binary: build/release/src/main/mortise"
	@echo "make format  clang-format over the tree"
	@echo "make docs    the reference pages of docs/ that repeat a table"
	@echo "make clean   remove build/ (not var/, your data)"

run: build
	@exec tools/run.sh

build:
	@tools/install.sh build
	@tools/build.sh release

test:
	@tools/install.sh build test
	@exec tools/test.sh

faults:
	@tools/install.sh build test
	@exec tools/faults.sh

catalogue:
	@tools/install.sh build test
	@exec tools/catalogue.sh

life:
	@tools/install.sh build test
	@exec tools/life.sh

bench:
	@tools/install.sh build bench
	@exec tools/bench.sh

lint:
	@tools/install.sh build lint
	@exec tools/lint.sh

format:
	@tools/install.sh lint
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

docs:
	@python3 tools/docs.py

clean:
	rm -rf build
