# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For tests of certificates that are about to end, after control_plane.sh.
lab=${lab:-} share=${share:-}

# Replace a certificate by one of the same authority, name and key that ends in so many seconds and began an hour ago.
shorten() { # name of the authority, name of the certificate, seconds
	ca=$share/cluster/pki/$1 certificate=$share/cluster/pki/$2
	mkdir -p "$lab/ca" && : >"$lab/ca/index" && echo 77 >"$lab/ca/serial"
	cat >"$lab/ca/conf" <<-END
		[ca]
		default_ca = it
		[it]
		database = $lab/ca/index
		serial = $lab/ca/serial
		new_certs_dir = $lab/ca
		default_md = sha256
		policy = any
		copy_extensions = copy
		[any]
		commonName = supplied
		organizationName = optional
	END
	openssl x509 -x509toreq -copy_extensions copy -in "$certificate" -signkey "${certificate%.crt}.key" -out "$lab/ca/request" 2>/dev/null
	openssl ca -batch -notext -config "$lab/ca/conf" -cert "$ca.crt" -keyfile "$ca.key" -in "$lab/ca/request" -out "$lab/ca/short" \
		-startdate "$(date -u -d '-1 hour' +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "+$3 seconds" +%Y%m%d%H%M%SZ)" 2>"$lab/ca/said" || cat "$lab/ca/said"
	cat "$lab/ca/short" >"$certificate"
}

# The same for bramble-clusterd's credentials, whose certificate is within a kubeconfig.
shorten_own() {
	own=$share/cluster/kubernetes/bramble.conf
	for kind in certificate key; do
		sed -n "s/.*client-$kind-data: //p" "$own" | base64 -d >"$share/cluster/pki/own.$(echo $kind | sed s/certificate/crt/)"
	done
	shorten ca own.crt "$1"
	sed -i "s/client-certificate-data: .*/client-certificate-data: $(base64 -w 0 "$share/cluster/pki/own.crt")/" "$own"
	rm "$share/cluster/pki/own.crt" "$share/cluster/pki/own.key"
}
