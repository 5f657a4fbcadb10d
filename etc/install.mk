# SPDX-License-Identifier: ISC
# make install DESTDIR=… prefix=… sysconfdir=… libexecdir=… unitdir=… sysusersdir=… mandir=…
bindir      ?= $(prefix)/bin
sbindir     ?= $(prefix)/sbin
mandir      ?= $(prefix)/share/man
sysusersdir ?= /usr/lib/sysusers.d
completions ?= $(prefix)/share

INSTALL_BIN     := bramble
INSTALL_SBIN    := brambled bramble-image
INSTALL_LIBEXEC := bramble-tftpd bramble-httpd bramble-dhcpwatch bramble-clusterd bramble-upkeep bramble-hooks
INSTALL_NODE    := bramble-init bramble-agent
INSTALL_BUILT   := $(addprefix $(B)/,$(INSTALL_BIN) $(INSTALL_SBIN) $(INSTALL_LIBEXEC) $(INSTALL_NODE) $(PC_PROGRAMS))
INSTALL_FOLDERS := $(bindir) $(sbindir) $(libexecdir)/node $(if $(PC_PROGRAMS),$(libexecdir)/node/pc) $(sysconfdir)/bramble/images $(sysconfdir)/bramble/hooks.d $(unitdir) $(sysusersdir) \
                   $(mandir)/man5 $(mandir)/man8 $(completions)/bash-completion/completions \
                   $(completions)/doc/bramble $(completions)/zsh/site-functions $(completions)/fish/vendor_completions.d
NODE_UNITS      := rootfs/agent/bramble-agent.service

# What an administrator may have changed stays as it is; ours then lies beside it, as FILE.new.
# $(1) source, $(2) target
define install_editable
	@file='$(DESTDIR)$(2)'; sed 's|"/usr/local/libexec/bramble"|"$(libexecdir)"|' $(1) > "$$file.new"; chmod 644 "$$file.new"; \
	if [ ! -e "$$file" ] || cmp -s "$$file" "$$file.new"; then mv -f "$$file.new" "$$file"; \
	else echo '  kept $(2); ours is beside it: $(notdir $(2)).new'; fi

endef

install: $(INSTALL_BUILT) ## Install (DESTDIR=, prefix=); what was edited stays
	for d in $(INSTALL_FOLDERS); do install -d '$(DESTDIR)'"$$d"; done
	install -m 755 $(addprefix $(B)/,$(INSTALL_BIN)) '$(DESTDIR)$(bindir)'
	install -m 755 $(addprefix $(B)/,$(INSTALL_SBIN)) '$(DESTDIR)$(sbindir)'
	install -m 755 $(addprefix $(B)/,$(INSTALL_LIBEXEC)) '$(DESTDIR)$(libexecdir)'
	install -m 755 $(addprefix $(B)/,$(INSTALL_NODE)) '$(DESTDIR)$(libexecdir)/node'
	$(if $(PC_PROGRAMS),install -m 755 $(addprefix $(B)/,$(PC_PROGRAMS)) '$(DESTDIR)$(libexecdir)/node/pc')
	install -m 644 $(NODE_UNITS) '$(DESTDIR)$(libexecdir)/node'
	ln -sfr '$(DESTDIR)$(libexecdir)/bramble-tftpd' '$(DESTDIR)$(sbindir)/bramble-tftpd'
	install -m 644 etc/sysusers.d/bramble.conf '$(DESTDIR)$(sysusersdir)/bramble.conf'
	sed 's|@sbindir@|$(sbindir)|; s|@sysconfdir@|$(sysconfdir)|' etc/systemd/bramble.service.in \
	  > '$(DESTDIR)$(unitdir)/bramble.service'
	install -m 644 etc/completions/bramble.bash '$(DESTDIR)$(completions)/bash-completion/completions/bramble'
	install -m 644 etc/completions/_bramble '$(DESTDIR)$(completions)/zsh/site-functions/_bramble'
	install -m 644 etc/completions/bramble.fish '$(DESTDIR)$(completions)/fish/vendor_completions.d/bramble.fish'
	install -m 644 docs/schema.json '$(DESTDIR)$(completions)/doc/bramble/schema.json'
	install -m 644 $(wildcard docs/man/*.5) '$(DESTDIR)$(mandir)/man5'
	install -m 644 $(wildcard docs/man/*.8) '$(DESTDIR)$(mandir)/man8'
	$(call install_editable,etc/bramble.conf,$(sysconfdir)/bramble/bramble.conf)
	install -m 644 etc/hooks.d/50-webhook.example '$(DESTDIR)$(sysconfdir)/bramble/hooks.d'
	$(foreach f,$(wildcard etc/images/*.conf),$(call install_editable,$(f),$(sysconfdir)/bramble/images/$(notdir $(f))))
	install -d $(addprefix '$(DESTDIR)$(sysconfdir)'/bramble/images/kubernetes/,programs containers)
	$(foreach f,$(wildcard etc/images/kubernetes/*.*),$(call install_editable,$(f),$(sysconfdir)/bramble/images/kubernetes/$(notdir $(f))))
	install -d $(addprefix '$(DESTDIR)$(sysconfdir)'/bramble/addons/,$(notdir $(wildcard etc/addons/*)))
	$(foreach f,$(wildcard etc/addons/*/*.yaml),$(call install_editable,$(f),$(sysconfdir)/bramble/addons/$(patsubst etc/addons/%,%,$(f))))
	@[ -n '$(DESTDIR)' ] || { systemd-sysusers '$(sysusersdir)/bramble.conf'; \
	  [ ! -d /run/systemd/system ] || systemctl daemon-reload; }
	@echo '  installed; next: edit $(sysconfdir)/bramble/bramble.conf, then: systemctl start bramble'
