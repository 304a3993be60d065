# SPDX-License-Identifier: GPL-2.0
#
# make             build for the running kernel, or for KDIR=..., into OUT=build
# make check       build and test in the VM, with the toolchain directory
# make demo        from a NIC to a drive, and what that cost
# make vm          a shell in the VM; RUN=script.sh FILES="..." VMOPTS="..."
# make help        the rest

include version.mk

ifneq ($(words $(CURDIR)),1)
$(error The path of this directory has a space, which make cannot handle: $(CURDIR))
endif

export PATH := $(PATH):/usr/sbin:/sbin

OUT	?= build
KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
CLANG	?= clang
BPFTOOL	?= bpftool

# Keep what an interrupted or failed command wrote from looking finished.
.DELETE_ON_ERROR:
.SECONDEXPANSION:
MAKEFLAGS += --no-builtin-rules
SHELL	:= /bin/bash

V ?= 0
ifeq ($(V),0)
Q	:= @
say	= @printf '  %-8s%s\n' $(1) $(2)
else
Q	:=
say	= @:
endif

out	:= $(abspath $(OUT))
arch	:= $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))

.PHONY: all
all: | $(config)
all: module policies unifiedctl selftests

# --- what the build needs, checked once per kernel and compiler -------------

kernel_cc := $(shell vmlinux/kernel-cc.sh $(KDIR))
checked	:= $(shell { echo $(KDIR) $(CLANG) $(BPFTOOL) $(EXPERIMENTAL) $(kernel_cc); \
	cat $(KDIR)/include/config/kernel.release; gcc -dumpfullversion; } 2>/dev/null | cksum | cut -d' ' -f1)
config	:= $(out)/.config-$(checked)
# The module alone needs less.
module_config := $(out)/.module-config-$(checked)

$(config) $(module_config): toolchain/preflight.sh vmlinux/kernel-range.sh version.mk
	$(Q)EXPERIMENTAL=$(EXPERIMENTAL) toolchain/preflight.sh $(if $(filter $(module_config),$@),--module) $(KDIR) $(CLANG) $(BPFTOOL)
	$(if $(kernel_cc),@echo "  NOTE    the compiler that the kernel was built with is not here: gcc $$(gcc -dumpfullversion) builds its modules")
	$(Q)mkdir -p $(out) && rm -f $(@:$(checked)=*) && touch $@

# --- kernel/ ----------------------------------------------------------------

module	:= $(out)/unified_io_region.ko
version	:= $(subst ., ,$(VERSION))
defines	:= -DUNIFIED_VERSION='\"$(VERSION)\"' \
	-DUNIFIED_KERNEL_MAX='\"$(KERNEL_MAX)\"' \
	-DUNIFIED_VERSION_CODE='$(word 1,$(version))<<16|$(word 2,$(version))<<8|$(word 3,$(version))'

# Warnings end the build, but not on the machine of somebody who has another compiler.
STRICT	?= 1

.PHONY: module
module: $(module)

nvme_layout := $(out)/nvme_layout.h
$(nvme_layout): vmlinux/nvme-layout.sh $(module_config)
	$(call say,BTF,$(@F))
	$(Q)vmlinux/nvme-layout.sh $(KDIR) $(BPFTOOL) >$@

probes := $(out)/kernel_probes.h
$(probes): vmlinux/probe-kernel.sh vmlinux/probes $(module_config)
	$(call say,PROBE,$(@F))
	$(Q)vmlinux/probe-kernel.sh $(KDIR) $(out)/probes $(kernel_cc) >$@

$(module): $(wildcard kernel/*.[ch] include/*.h) $(nvme_layout) $(probes) kernel/Kbuild version.mk vmlinux/check-btf.sh $(module_config)
	$(call say,MODULE,$(@F))
	$(Q)mkdir -p $(out)/kernel
	$(Q)+$(MAKE) $(if $(Q),-s) -C $(KDIR) M=$(CURDIR)/kernel MO=$(out)/kernel \
		W=1 $(kernel_cc) UNIFIED_CFLAGS="$(if $(filter 1,$(STRICT)),-Werror)" \
		UNIFIED_DEFINES="$(defines)" UNIFIED_OUT=$(out) modules
	$(Q)vmlinux/check-btf.sh $(out)/kernel/$(@F)
	$(Q)cp $(out)/kernel/$(@F) $@

# --- bpf/ -------------------------------------------------------------------

bpf_flags := -g -O2 -target bpf -mcpu=v4 -D__TARGET_ARCH_$(arch) -I$(out) -Iinclude -Ibpf \
	-fms-extensions -Wno-microsoft-anon-tag -Wno-missing-declarations -Wall -Werror

policies := $(patsubst bpf/policies/%.bpf.c,$(out)/policies/%.bpf.o,$(wildcard bpf/policies/*.bpf.c))

.PHONY: policies
policies: $(policies)

$(out)/vmlinux.h: $(config) $(wildcard $(KDIR)/vmlinux)
	$(call say,BTF,$(@F))
	$(Q)$(BPFTOOL) btf dump file $(KDIR)/vmlinux format c >$@

define bpf_object
	$(call say,BPF,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_flags) -MMD -MP -c $< -o $@
endef

$(out)/policies/%.bpf.o: bpf/policies/%.bpf.c $(out)/vmlinux.h
	$(bpf_object)

.SECONDARY: $(patsubst bpf/%.bpf.c,$(out)/bpf/%.bpf.o,$(wildcard bpf/*.bpf.c))
$(out)/bpf/%.bpf.o: bpf/%.bpf.c $(out)/vmlinux.h
	$(bpf_object)

$(out)/selftests/progs/%.bpf.o: selftests/progs/%.bpf.c $(out)/vmlinux.h
	$(bpf_object)

$(out)/skel/%.skel.h: $(out)/policies/%.bpf.o
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $* >$@

$(out)/skel/%.skel.h: $(out)/bpf/%.bpf.o
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

# --- loader/ ----------------------------------------------------------------

CFLAGS	?= -O2 -g
c_flags	:= -std=gnu11 -D_GNU_SOURCE -DUNIFIED_VERSION='"$(VERSION)"' -I$(out) -Iinclude \
	-DUNIFIED_KERNEL_MIN='"$(KERNEL_MIN)"' -DUNIFIED_KERNEL_MAX='"$(KERNEL_MAX)"' \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror $(CFLAGS)

ctl	:= $(out)/unifiedctl
ctl_obj	:= $(patsubst loader/%.c,$(out)/loader/%.o,$(wildcard loader/*/*.c))
ctl_flags := -fms-extensions $(addprefix -I,$(wildcard loader/*))
skels	:= $(patsubst %.bpf.c,$(out)/skel/%.skel.h,$(notdir $(wildcard bpf/*.bpf.c bpf/policies/*.bpf.c)))

.PHONY: unifiedctl
unifiedctl: $(ctl)

$(ctl): $(ctl_obj)
	$(call say,LINK,$(@F))
	$(Q)$(CC) $(LDFLAGS) $^ -lblkid -lbpf -lmnl -luring -o $@

# What the header declares, for who counts what is there.
$(out)/kfunc_names.h: include/unified_kfuncs.h
	$(Q)mkdir -p $(@D)
	$(Q)grep -o 'bpf_unified_[a-z0-9_]*(' $< | awk -F '(' '{ all = all "\"" $$1 "\", " } END { print "#define UNIFIED_KFUNC_NAMES " all }' >$@

# What the module is compared with when it is built, "NAME: what it is".
$(out)/probe_names.h: vmlinux/probes Makefile
	$(Q)mkdir -p $(@D)
	$(Q)sed -nE 's/^(need|export) (.*)/"\2",/p' $< | paste -sd' ' | sed 's/^/#define UNIFIED_PROBES /' >$@

$(out)/loader/%.o: loader/%.c version.mk $(config) | $(skels) $(out)/kfunc_names.h $(out)/probe_names.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(ctl_flags) -MMD -MP -c $< -o $@

# The synopses of the man pages, from the tables of the program; a test sees that they are.
.PHONY: man in-man
man:
	$(Q)$(in_vm) in-man

in-man: unifiedctl
	$(Q)for page in docs/man/unifiedctl*.8; do docs/synopsis $(ctl) $$page >$(out)/page && cat $(out)/page >$$page || exit; done

# --- selftests/ -------------------------------------------------------------

subjects := $(addprefix selftests/,$(shell cat selftests/subjects))
tests	:= $(patsubst %.c,$(out)/selftests/%,$(notdir $(wildcard $(subjects:%=%/*.c))))
progs	:= $(patsubst selftests/progs/%.bpf.c,$(out)/selftests/progs/%.bpf.o,$(wildcard selftests/progs/*.bpf.c))

testnic	:= $(out)/unified_testnic.ko
# The kernel's own test, where its source is, as it is in the toolchain.
kernel_test := $(wildcard /usr/src/linux/tools/testing/selftests/drivers/net/hw/iou-zcrx.c)

.PHONY: selftests
selftests: $(tests) $(progs) $(testnic) $(out)/selftests/pipeline/discard $(out)/selftests/kernels/verified $(out)/selftests/vm/environment $(out)/selftests/fuzz/fuzz $(if $(kernel_test),$(out)/selftests/iou-zcrx)

$(testnic): $(wildcard selftests/testnic/*.[ch]) selftests/testnic/Kbuild $(config)
	$(call say,MODULE,$(@F))
	$(Q)mkdir -p $(out)/testnic
	$(Q)+$(MAKE) $(if $(Q),-s) -C $(KDIR) M=$(CURDIR)/selftests/testnic MO=$(out)/testnic W=1 $(kernel_cc) modules
	$(Q)cp $(out)/testnic/$(@F) $@

# A pipeline of its own: all of the loader but its command line.
discard_obj := $(filter-out $(out)/loader/cmd/% $(patsubst %,$(out)/loader/core/%.o,main options options_help old_words),$(ctl_obj))

$(out)/bpf/discard.bpf.o: selftests/pipeline/discard.bpf.c $(out)/vmlinux.h
	$(bpf_object)

$(out)/selftests/pipeline/discard: selftests/pipeline/discard.c $(discard_obj) $(out)/skel/discard.skel.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(ctl_flags) $(LDFLAGS) $(filter-out %.h,$^) -lblkid -lbpf -lmnl -luring -o $@

# liburing of the toolchain is older than the program.
$(out)/selftests/iou-zcrx: $(kernel_test) selftests/machine/liburing-zcrx.h
	$(call say,CC,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -D_GNU_SOURCE -include selftests/machine/liburing-zcrx.h $< -luring -o $@

$(out)/selftests/vm/environment: selftests/vm/environment.c loader/core/nl.c loader/nic/nic_rules.c $(config)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(ctl_flags) $(filter %.c,$^) -lbpf -lmnl -o $@

$(out)/selftests/fuzz/fuzz: $(wildcard selftests/fuzz/*.[ch]) selftests/faults/fail_nth.h selftests/progs/fuzz.h $(wildcard include/*.h) $(config)
	$(call say,CC,selftests/fuzz)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(filter %.c,$^) -lbpf -luring -lpthread -o $@

$(tests) $(out)/selftests/kernels/verified: $(out)/selftests/%: $$(wildcard $$(addsuffix /$$*.c,selftests $(subjects))) $(config)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) -Iselftests -MMD -MP -MF $(@D)/.$(@F).d $< -lbpf -luring -lpthread -o $@

-include $(wildcard $(out)/loader/*/*.d $(out)/bpf/*.d $(out)/policies/*.d $(out)/selftests/.*.d $(out)/selftests/kernels/.*.d $(out)/selftests/progs/*.d)

# --- install ----------------------------------------------------------------

release	= $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)
installed = $(DESTDIR)$(PREFIX)

.PHONY: install install-module install-ctl install-dev install-dkms uninstall
install: all install-module install-ctl install-dev

install-module: module
	$(call say,INSTALL,$(DESTDIR)/lib/modules/$(release))
	$(Q)install -Dm644 $(module) $(DESTDIR)/lib/modules/$(release)/updates/unified_io_region.ko
	$(Q)$(if $(DESTDIR),:,depmod $(release))

install-ctl: unifiedctl policies
	$(call say,INSTALL,$(installed))
	$(Q)install -Dm755 $(ctl) $(installed)/sbin/unifiedctl
	$(Q)install -Dm644 -t $(installed)/lib/unified/policies $(policies)
	$(Q)install -Dm644 -t $(installed)/share/man/man4 docs/man/*.4
	$(Q)install -Dm644 -t $(installed)/share/man/man8 docs/man/*.8
	$(Q)install -Dm644 packaging/completion/unifiedctl.bash $(installed)/share/bash-completion/completions/unifiedctl

install-dev:
	$(call say,INSTALL,$(installed)/include/unified)
	$(Q)install -Dm644 -t $(installed)/include/unified include/*.h bpf/unified.bpf.h
	$(Q)mkdir -p $(installed)/share/pkgconfig
	$(Q)sed 's,@PREFIX@,$(PREFIX),; s,@VERSION@,$(VERSION),' packaging/unified-io.pc.in >$(installed)/share/pkgconfig/unified-io.pc

# The source of the module for DKMS, which builds it by this Makefile. Then:
# dkms install unified-io-region/VERSION
dkms_source = Makefile version.mk toolchain/preflight.sh $(shell find kernel include vmlinux -type f)
dkms_tree = $(DESTDIR)/usr/src/unified-io-region-$(VERSION)

install-dkms:
	$(call say,INSTALL,$(dkms_tree))
	$(Q)for file in $(dkms_source); do install -D -m $$([ -x $$file ] && echo 755 || echo 644) $$file $(dkms_tree)/$$file || exit; done
	$(Q)sed 's/@VERSION@/$(VERSION)/; s/@KERNEL_MIN@/$(KERNEL_MIN)/; s/@KERNEL_MAX@/$(KERNEL_MAX)/' packaging/dkms/dkms.conf.in >$(dkms_tree)/dkms.conf

uninstall:
	$(if $(release),,$(error Which kernel's module? KDIR=$(KDIR) does not say))
	$(call say,REMOVE,$(installed))
	$(Q)rm -f $(DESTDIR)/lib/modules/$(release)/updates/unified_io_region.ko $(installed)/sbin/unifiedctl
	$(Q)rm -rf $(installed)/include/unified $(installed)/lib/unified
	$(Q)rm -f $(patsubst docs/man/%,$(installed)/share/man/man4/%,$(wildcard docs/man/*.4))
	$(Q)rm -f $(patsubst docs/man/%,$(installed)/share/man/man8/%,$(wildcard docs/man/*.8))
	$(Q)rm -f $(installed)/share/bash-completion/completions/unifiedctl $(installed)/share/pkgconfig/unified-io.pc
	$(Q)$(if $(DESTDIR),:,depmod $(release))

.PHONY: clean
clean:
	$(Q)rm -rf $(out)

# --- in the toolchain and the VM --------------------------------------------

toolchain := toolchain/toolchain.sh
# The kernel that is meant by KERNEL, made if it is not here. It says itself what is wrong.
# Older makes than 4.4 give their variables to no $(shell).
kernel	= $(eval kernel := $(shell MIRROR='$(MIRROR)' $(toolchain) make '$(KERNEL)'))$(or $(kernel),$(error There is no kernel to run this on))
vm_out	= build/vm/$(kernel)
run	= $(toolchain) run $(kernel)
in_vm	= $(run) make $(if $(Q),-s) --no-print-directory -j$(shell nproc) OUT=$(vm_out) V=$(V) \
	EXPERIMENTAL=$(EXPERIMENTAL) KDIR=/lib/modules/$(kernel)/build

.PHONY: check check-kernels check-debug kernels demo vm vm-build initramfs clean-toolchain
vm-build:
	$(Q)$(in_vm) all initramfs

# What mounts the VM's root: busybox, five drivers and two scripts.
initramfs: $(out)/initramfs
$(out)/initramfs: selftests/vm/init selftests/vm/guest $(config)
	$(call say,CPIO,$(@F))
	$(Q)rm -rf $@.d && mkdir -p $@.d/bin $@.d/modules
	$(Q)cp selftests/vm/init selftests/vm/guest $@.d && cp /bin/busybox $@.d/bin
	$(Q)for m in fs/netfs/netfs net/9p/9pnet net/9p/9pnet_virtio fs/9p/9p fs/overlayfs/overlay; do \
		xz -dc /lib/modules/$(release)/kernel/$$m.ko.xz >$@.d/modules/$${m##*/}.ko || exit; done
	$(Q)cd $@.d && find . | cpio -o -H newc --quiet | zstd -1 -q >$@
	$(Q)rm -rf $@.d

check: vm-build
	$(Q)$(run) env EXPERIMENTAL=$(EXPERIMENTAL) selftests/check $(vm_out) $(foreach t,$(TESTS),'$(t)')

check-kernels:
	$(Q)selftests/check-kernels $(foreach t,$(TESTS),'$(t)')

check-debug:
	$(Q)selftests/check-debug $(foreach t,$(TESTS),'$(t)')

# T seconds of it, or until something is found.
T ?= 600
.PHONY: fuzz
fuzz: vm-build
	$(Q)dir=$$(selftests/vm/stage $(vm_out) selftests/fuzz/run selftests/fuzz/seeds selftests/selftest.sh selftests/vm/splats* selftests/vm/counters selftests/vm/checkers) && \
	echo "what is found is in $$dir" && echo $(T) >$$dir/seconds && \
	$(run) selftests/vm/vm --exchange $$dir --run run --nvme 64M --nvme 64M,lba=4096 --no-icount --append dma_debug=off \
		--timeout $$(($(T) + 900)) $(VMOPTS) $(vm_out); \
	status=$$?; [ ! -d $$dir/gcov ] || $(run) selftests/coverage $(vm_out) $$dir/gcov; exit $$status

kernels:
	$(Q)$(toolchain) kernels

clean-toolchain:
	$(Q)$(toolchain) clean

demo:
	$(Q)$(MAKE) -s --no-print-directory vm KERNEL='$(KERNEL)' RUN=selftests/vm/demo FILES=selftests/selftest.sh VMOPTS="--timeout 400"

vm: vm-build
	$(Q)dir=$$(selftests/vm/stage $(vm_out) '$(RUN)' $(FILES)) && \
	$(run) selftests/vm/vm --exchange $$dir \
		$(if $(RUN),--run '$(notdir $(RUN))') $(VMOPTS) $(vm_out)

# --- packages ---------------------------------------------------------------------

deb_tree := build/deb/unified-io-region-$(VERSION)

# Made from what is here, committed or not, into build/deb.
.PHONY: deb in-deb
deb:
	$(Q)$(in_vm) in-deb SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || stat -c %Y version.mk)}

in-deb:
	$(call say,DEB,build/deb)
	$(Q)rm -rf build/deb && mkdir -p $(deb_tree)
	$(Q)cp -a Makefile README.md version.mk bpf docs include kernel loader packaging toolchain vmlinux $(deb_tree)
	$(Q)mv $(deb_tree)/packaging/debian $(deb_tree)/debian
	$(Q)packaging/changelog $(VERSION) $(SOURCE_DATE_EPOCH) >$(deb_tree)/debian/changelog
	$(Q)cd $(deb_tree) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u OUT -u V KDIR=$(KDIR) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) \
		DEB_BUILD_OPTIONS=noautodbgsym dpkg-buildpackage --ignore-builtin-builddeps -b -uc -us -j$(shell nproc) -Ppkg.unified-io.kdir $(if $(Q),>../log 2>&1 || { cat ../log; false; })
	$(Q)rm -r $(deb_tree)
	$(Q)ls build/deb/*.deb

# On a machine of its own, whose kernel is upgraded FROM one TO another.
.PHONY: check-packages
check-packages: deb
	$(Q)FROM='$(FROM)' TO='$(TO)' selftests/check-packages

# --- bench ------------------------------------------------------------------

bench_paths := $(patsubst selftests/bench/paths/%.c,$(out)/bench/%,$(wildcard selftests/bench/paths/*.c))

.PHONY: bench bench-build
bench-build: $(out)/bench/count.so $(bench_paths)

$(out)/bench/count.so: selftests/bench/count.c selftests/bench/marker.h $(config)
	$(call say,PLUGIN,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) -fPIC -fvisibility=hidden -shared $< -o $@

$(bench_paths): $(out)/bench/%: selftests/bench/paths/%.c $(wildcard selftests/bench/*.[ch] include/*.h) $(config)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) -Iselftests/bench $< selftests/bench/bench.c -luring -o $@

bench:
	$(Q)$(in_vm) all initramfs bench-build
	$(Q)$(run) selftests/bench/bench $(if $(filter 1,$(PROFILE)),--profile) $(vm_out) $(OUT)/bench $(foreach b,$(BENCH),'$(b)')

# --- how the source looks ---------------------------------------------------

# BPF programs are left out: a formatter does not know that SEC() begins one.
c_files	= $(wildcard include/*.h kernel/*.[ch] loader/*/*.[ch] selftests/*.h $(subjects:%=%/*.[ch]) selftests/testnic/*.[ch] selftests/pipeline/discard.c selftests/kernels/*.c selftests/vm/*.c selftests/fuzz/*.[ch] selftests/bench/*.[ch] selftests/bench/paths/*.c)
sh_files = $(shell grep -rlE '^\#!/bin/(ba)?sh' toolchain vmlinux selftests .ci packaging docs 2>/dev/null)

.PHONY: lint format format-check sparse checkpatch shellcheck
lint: format-check sparse checkpatch shellcheck

format:
	$(Q)$(run) clang-format -i $(c_files)

format-check sparse checkpatch shellcheck:
	$(Q)$(in_vm) in-$@

.PHONY: in-format-check in-sparse in-checkpatch in-shellcheck
in-format-check:
	$(Q)clang-format --dry-run --Werror $(c_files)

# Debian's headers lack the script that C=2 asks whether sparse works.
in-sparse: $(nvme_layout) $(probes)
	$(Q)rm -rf $(out)/sparse
	$(Q)+set -o pipefail; for dir in kernel selftests/testnic; do mkdir -p $(out)/sparse/$$dir && \
		$(MAKE) -s -C $(KDIR) M=$(CURDIR)/$$dir MO=$(out)/sparse/$$dir KBUILD_CHECKSRC=2 $(kernel_cc) \
		CF="-D__typeof_unqual__=__typeof__ '-D_Static_assert(...)=' -Wsparse-error" UNIFIED_DEFINES="$(defines)" UNIFIED_OUT=$(out) modules 2>&1 | { grep -Ev 'checker-valid|C=2 specified' || :; } || exit; done

# trace.h is written as no other header is.
in-checkpatch:
	$(Q)/usr/src/linux/scripts/checkpatch.pl --no-tree --terse --quiet --no-summary --strict --max-line-length=100 \
		--show-types --ignore $(shell grep -v '^\#' selftests/checkpatch.ignore | paste -sd,) \
		-f $(filter-out kernel/trace.h,$(wildcard kernel/*.[ch] include/*.h selftests/testnic/*.[ch]))

in-shellcheck:
	$(Q)shellcheck -x -S warning $(sh_files)

.PHONY: help
help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile
	@echo 'make check TESTS="pattern ..."   only the tests whose names match'
	@echo 'make bench BENCH="pattern ..."   count what an I/O costs; PROFILE=1: by function'
	@echo 'make install uninstall           under PREFIX=/usr/local, DESTDIR=...'
	@echo 'make install-dkms                the source of the module, for DKMS'
	@echo 'make clean                       remove OUT=build'
	@echo 'make vm-build                    build for the VM, and for one that runs'
	@echo 'make lint                        format-check sparse checkpatch shellcheck'
	@echo 'make man                         the synopses of the man pages, from unifiedctl'
	@echo 'make V=1                         show the commands'
	@echo 'make EXPERIMENTAL=1              for a kernel newer than KERNEL_MAX of version.mk'
	@echo 'make check KERNEL=7.2.12          on another kernel; so for demo, vm and bench'
	@echo 'make check-kernels               on every kernel that is known or newer, and a table'
	@echo 'make check-debug                 on kernels that check themselves, and a table'
	@echo 'make fuzz T=SECONDS              random programs against the module, in the VM'
	@echo 'make deb                         Debian packages, into build/deb'
	@echo 'make check-packages              install them in a VM, upgrade its kernel, purge them'
	@echo 'make kernels                     which kernels are in reach, and which are here'
	@echo 'make clean-toolchain             remove the toolchain directories'
	@echo 'MIRROR=URL                       where the toolchain takes Debian from'
