#!/bin/bash
# Makes an instance of Amazon Linux 2023 into a Druid that ingests the topic. It is run by
# root from the folder that holds it, /opt/salesburst, at the first start of an instance,
# and can be run again at any time: what is there already stays as it is.
#
#   TOPIC=… DATA_VOLUME=vol-… KAFKA_SECRET_ARN=arn:… GATEWAY_SECRET_ARN=arn:… AWS_REGION=… ./bootstrap.sh
#
# Optional: RETENTION (P90D), and STACK_NAME with STACK_RESOURCE, to which CloudFormation's
# signal is sent, with the reason where it fails.
#
# No secret is written to a disk or a log: the servers fetch theirs when they start.
set -Eeuo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/versions.env"

data=/var/lib/druid
settings=/etc/salesburst/druid.env
release=apache-druid-$DRUID_VERSION
home=/opt/$release

reason= # of a failure

main() {
	check_variables
	step "packages" packages
	step "users" users
	step "secrets" check_secrets
	step "data volume" data_volume
	step "Druid $DRUID_VERSION" install_druid
	step "settings and units" settings_and_units
	step "servers" start_servers
	step "ingestion" ingestion
	trap - EXIT
	say "ready"
	signal true "Druid is healthy and ingests $TOPIC"
}

say() { echo "bootstrap: $*"; }

# fail ends with one line that says what is wrong and, where it helps, what to do.
fail() {
	reason=$*
	exit 1
}

finish() {
	local status=$?
	[ "$status" = 0 ] && status=1 # only main's end is a success
	reason="${reason:-${current:-start}: line $failed_line failed}"
	[ -z "$work" ] || rm -rf "$work"
	echo "bootstrap: $reason" >&2
	signal false "$reason"
	exit "$status"
}
current='' failed_line='' work=''
trap 'failed_line=$LINENO' ERR
trap finish EXIT

step() {
	current=$1
	say "$1"
	shift
	"$@"
}

# signal tells CloudFormation, where there is a stack that waits. Once it has heard, a
# second signal, of a later run, is refused, and that does not matter.
signal() {
	[ -n "${STACK_NAME-}" ] || return 0
	PATH=$PATH:/opt/aws/bin cfn-signal --success "$1" --reason "$2" --stack "$STACK_NAME" --resource "$STACK_RESOURCE" \
		--region "$AWS_REGION" || say "CloudFormation does not take the signal"
}

check_variables() {
	[ "$(id -u)" = 0 ] || fail "run it as root"
	local name
	for name in AWS_REGION TOPIC DATA_VOLUME KAFKA_SECRET_ARN GATEWAY_SECRET_ARN; do
		[ -n "${!name-}" ] || fail "the variable $name is not set"
	done
	[ -z "${STACK_NAME-}" ] || [ -n "${STACK_RESOURCE-}" ] || fail "the variable STACK_RESOURCE is not set"
	: "${RETENTION:=P90D}"
	[[ $TOPIC =~ ^[A-Za-z0-9._-]{1,249}$ ]] || fail "TOPIC is $TOPIC: want letters, digits, dots, dashes and underscores"
	[[ $RETENTION =~ ^P[1-9][0-9]{0,3}[DWMY]$ ]] || fail "RETENTION is $RETENTION: want a period such as P90D"
	[[ $DATA_VOLUME =~ ^vol-[0-9a-f]+$ ]] || fail "DATA_VOLUME is $DATA_VOLUME: want the id of a volume, vol-…"
	export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION
}

# packages installs what is missing, and nothing where nothing is.
packages() {
	local pair missing=()
	for pair in java=java-$JAVA_VERSION-amazon-corretto-headless nginx=nginx jq=jq openssl=openssl curl=curl-minimal tar=tar \
		mkfs.ext4=e2fsprogs aws=awscli-2 cfn-signal=aws-cfn-bootstrap; do
		PATH=$PATH:/opt/aws/bin command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
	done
	[ ${#missing[@]} = 0 ] || dnf -q -y install "${missing[@]}" || fail "the packages ${missing[*]} cannot be installed: is there a way to the internet?"
}

users() {
	local user
	for user in druid druid-gateway; do
		id "$user" >/dev/null 2>&1 || useradd --system --no-create-home --shell /sbin/nologin "$user"
	done
}

# check_secrets reads the secrets to say early and in one line what is wrong with them. It
# keeps Kafka's addresses; the servers fetch the rest themselves.
check_secrets() {
	local message secret
	message=$("$here/bin/with-kafka" true 2>&1) || fail "${message##*$'\n'}"
	message=$("$here/bin/gateway-password" /dev/null 2>&1) || fail "${message##*$'\n'}"
	secret=$(aws secretsmanager get-secret-value --secret-id "$KAFKA_SECRET_ARN" --query SecretString --output text)
	servers=$(jq -er .bootstrap_servers <<<"$secret") || fail "the secret $KAFKA_SECRET_ARN does not hold bootstrap_servers"
	servers=${servers//SASL_SSL:\/\//}
	servers=${servers// /}
	[[ $servers =~ ^[A-Za-z0-9.-]+:[0-9]{1,5}(,[A-Za-z0-9.-]+:[0-9]{1,5})*$ ]] ||
		fail "bootstrap_servers in the secret $KAFKA_SECRET_ARN is not host:port,host:port"
}
servers=

# data_volume attaches, formats (only if there is nothing on it) and mounts.
data_volume() {
	local device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${DATA_VOLUME/-/}
	if ! mountpoint -q "$data"; then
		[ -e "$device" ] || attach "$device"
		case $(blkid -p -o value -s TYPE "$device" || true) in
		ext4) ;;
		'')
			! blkid -p "$device" >/dev/null || fail "the volume $DATA_VOLUME holds something that is no file system: it is left as it is"
			say "formatting the empty volume $DATA_VOLUME"
			mkfs.ext4 -q -L druid "$device"
			;;
		*) fail "the volume $DATA_VOLUME is not ext4: it is left as it is" ;;
		esac
		mkdir -p "$data"
		grep -q " $data " /etc/fstab || echo "LABEL=druid $data ext4 noatime,nofail 0 2" >>/etc/fstab
		mount -o noatime "$device" "$data" || fail "the volume $DATA_VOLUME cannot be mounted"
	fi
	resize2fs "$(findmnt -n -o SOURCE "$data")" 2>/dev/null || true # where the volume has grown
	chown druid:druid "$data"
	chmod 0711 "$data"
	need_space "$data" 1
}

attach() {
	local token instance
	token=$(curl -fsS -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token) ||
		fail "the instance's metadata service does not answer"
	instance=$(curl -fsS -m 5 -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/instance-id) ||
		fail "the instance's metadata service does not tell its id"
	say "waiting for the volume $DATA_VOLUME"
	aws ec2 wait volume-available --volume-ids "$DATA_VOLUME" || fail "the volume $DATA_VOLUME is not free: is it attached to another instance?"
	aws ec2 attach-volume --volume-id "$DATA_VOLUME" --instance-id "$instance" --device /dev/sdf >/dev/null ||
		fail "the volume $DATA_VOLUME cannot be attached"
	for _ in {1..60}; do
		[ ! -e "$1" ] || return 0
		sleep 1
	done
	fail "the volume $DATA_VOLUME is attached and does not show"
}

# need_space wants so many GB free in a folder.
need_space() {
	local free
	free=$(df -BM --output=avail "$1" | tail -1 | tr -dc 0-9)
	[ "$free" -ge $(($2 * 1024)) ] || fail "$1 has $free MB free, and $2 GB are needed: make its volume larger"
}

# install_druid fetches the release and checks its sum before anything is unpacked. It is
# there whole or not at all.
install_druid() {
	if [ ! -d "$home" ]; then
		need_space /opt 3
		work=$(mktemp -d /opt/.druid-XXXXXX)
		download "$work/$release.tar.gz"
		tar -xzf "$work/$release.tar.gz" -C "$work" || fail "the release cannot be unpacked: is /opt full?"
		mv "$work/$release" "$home"
		rm -rf "$work"
		work=
	fi
	[ "$(readlink /opt/druid)" = "$home" ] || ln -sfn "$home" /opt/druid
}

download() {
	local base sum
	for base in ${DRUID_MIRRORS:-https://dlcdn.apache.org/druid https://archive.apache.org/dist/druid}; do
		if curl -fsSL --connect-timeout 10 --retry 4 --retry-all-errors --retry-max-time 900 -o "$1" "$base/$DRUID_VERSION/$release-bin.tar.gz"; then
			sum=$(sha256sum "$1" | cut -d' ' -f1)
			[ "$sum" = "$DRUID_SHA256" ] || fail "the release from $base has the SHA-256 $sum, not $DRUID_SHA256: it is not unpacked"
			return
		fi
		say "no release at $base"
	done
	fail "Druid's release cannot be fetched: is there a way to the internet?"
}

settings_and_units() {
	local size changed=
	size=$(df -BG --output=size "$data" | tail -1 | tr -dc 0-9)
	mkdir -p "$(dirname "$settings")"
	install_text "$settings" <<-EOF
		AWS_REGION=$AWS_REGION
		AWS_DEFAULT_REGION=$AWS_REGION
		KAFKA_SECRET_ARN=$KAFKA_SECRET_ARN
		GATEWAY_SECRET_ARN=$GATEWAY_SECRET_ARN
		DATA_VOLUME=$DATA_VOLUME
		DRUID_HOME=/opt/druid
		PROCESSORS=$(nproc)
		SEGMENT_CACHE=$((size * 70 / 100 > 0 ? size * 70 / 100 : 1))g
	EOF
	local unit
	while read -r unit; do
		mkdir -p "$(dirname "/etc/systemd/system/$unit")"
		install_text "/etc/systemd/system/$unit" <"$here/systemd/$unit"
	done < <(cd "$here/systemd" && find . -type f -printf '%P\n' | sort)
	# A changed file of the servers is a reason to start them again too.
	install_text /etc/salesburst/files.sha256 < <(cd "$here" && find bin conf gateway -type f | sort | xargs sha256sum)
	certificate
	restart=$changed
	[ -z "$changed" ] || systemctl daemon-reload
	systemctl enable -q druid.target
}
restart=

# install_text writes its input to a file, where it differs.
install_text() {
	local text
	text=$(cat)
	[ -e "$1" ] && [ "$(cat "$1")" = "$text" ] && return
	printf '%s\n' "$text" >"$1"
	changed=yes
}

# certificate makes the gateway's, once for the volume: clients may pin it.
certificate() {
	local dir=$data/gateway
	if [ ! -e "$dir/certificate.pem" ]; then
		mkdir -p "$dir"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=salesburst-druid \
			-addext subjectAltName=DNS:salesburst-druid -keyout "$dir/key.pem" -out "$dir/new.pem" 2>/dev/null
		mv "$dir/new.pem" "$dir/certificate.pem"
	fi
	chmod 0700 "$dir"
	chown -R druid-gateway:druid-gateway "$dir"
}

start_servers() {
	local unit
	if [ -n "$restart" ]; then systemctl restart druid.target; else systemctl start druid.target; fi
	for unit in coordinator=8081 historical=8083 broker=8082 router=8888 indexer=8091; do
		"$here/bin/await" "${unit#*=}" 600 2>/dev/null ||
			fail "Druid's ${unit%%=*} is not healthy after ten minutes: journalctl -u druid@${unit%%=*}"
	done
	await_gateway
}

await_gateway() {
	for _ in {1..60}; do
		[ "$(curl -ks -m 5 -o /dev/null -w '%{http_code}' https://127.0.0.1/status/health)" != 401 ] || return 0
		sleep 1
	done
	fail "the gateway does not ask for a password: journalctl -u druid-gateway"
}

# ingestion tells Druid what to do; what it does already goes on undisturbed.
ingestion() {
	post druid/coordinator/v1/rules/"$TOPIC" rules.json
	post druid/coordinator/v1/config/compaction compaction.json
	post 'druid/indexer/v1/supervisor?skipRestartIfUnmodified=true' supervisor.json
	await_running
}

# filled is a file of spec with its places filled in.
filled() {
	sed -e "s|\${TOPIC}|$TOPIC|g" -e "s|\${BOOTSTRAP_SERVERS}|$servers|g" -e "s|\${RETENTION}|$RETENTION|g" "$here/spec/$1"
}

post() {
	local answer
	answer=$(filled "$2" | curl -sS -m 60 --retry 5 --retry-connrefused --fail-with-body -H 'Content-Type: application/json' --data-binary @- "http://127.0.0.1:8081/$1") ||
		fail "Druid refuses $2: $answer"
}

await_running() {
	local status state message
	for _ in {1..180}; do
		status=$(curl -sf -m 10 "http://127.0.0.1:8081/druid/indexer/v1/supervisor/$TOPIC/status" || true)
		state=$(jq -r '.payload.detailedState // empty' <<<"$status" 2>/dev/null || true)
		message=$(jq -r '[.payload.recentErrors[]?.message] | last // empty' <<<"$status" 2>/dev/null || true)
		[ "$state" = RUNNING ] && return
		[[ $state == UNABLE_TO_CONNECT_TO_STREAM || $state == UNHEALTHY* ]] && break
		sleep 1
	done
	fail "the supervisor of $TOPIC is ${state:-silent}${message:+: $message}: check the topic and the key in the secret $KAFKA_SECRET_ARN; after a change of the secret: systemctl restart druid.target"
}

main "$@"
