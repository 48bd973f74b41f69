{{- define "codes.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Names. A release called `codes` names its objects `codes-worker`, another one `shop-codes-worker`. */}}
{{- define "codes.fullname" -}}
{{- $name := include "codes.name" . -}}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $both | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "codes.selector" -}}
app.kubernetes.io/name: {{ include "codes.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "codes.labels" -}}
{{ include "codes.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{/* Each role has its own, so that a right in AWS or Kubernetes is given to one role. In: root, role, spec. */}}
{{- define "codes.serviceAccount" -}}
{{- $default := .root.Values.serviceAccount.create | ternary (printf "%s-%s" (include "codes.fullname" .root) .role) "default" -}}
{{- .spec.serviceAccount.name | default $default -}}
{{- end }}

{{- define "codes.image" -}}
{{- $repository := required "image.repository is needed: where `make publish` pushed the image" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* Whether the API asks for a token; if not, it listens on loopback only, which `kubectl port-forward` reaches. */}}
{{- define "codes.apiIsProtected" -}}
{{- $own := .Values.roles.inventory -}}
{{- $settings := merge dict $own.settings .Values.settings -}}
{{- $secrets := merge dict $own.secretEnv .Values.secretEnv -}}
{{- if or (hasKey $settings "CODES_INVENTORY__JWT_KEYS_FILE") (hasKey $secrets "CODES_INVENTORY__JWT_SECRET") -}}
true
{{- end -}}
{{- end }}

{{/* The settings as a map of texts: lists, objects and numbers as JSON, as the service reads them. */}}
{{- define "codes.texts" -}}
{{- range $name, $value := . }}
{{ $name }}: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- end }}

{{- define "codes.settings" -}}
{{- $traces := empty .Values.otlp.endpoint | ternary dict (dict "CODES_OTEL__ENABLED" "true" "OTEL_EXPORTER_OTLP_ENDPOINT" .Values.otlp.endpoint) -}}
{{- include "codes.texts" (merge (dict "CODES_OPS__HOST" "0.0.0.0" "CODES_OPS__PORT" "8080") .Values.settings $traces) }}
{{- end }}

{{/* Partitions that the group of a role shares out: the contract's counts, or those of CODES_TOPICS__PARTITIONS. */}}
{{- define "codes.partitions" -}}
{{- $given := index .root.Values.settings "CODES_TOPICS__PARTITIONS" | default dict -}}
{{- if kindIs "string" $given }}{{ $given = fromJson $given }}{{ end -}}
{{- $counts := dict "reserve.requests.v1" 8 "assign.requests.v1" 8 "release.requests.v1" 8 "import.commands.v1" 4 "inventory.v1" 8 -}}
{{- $topics := dict "worker" (list "reserve.requests.v1" "assign.requests.v1" "release.requests.v1") "importer" (list "import.commands.v1") "expirer" (list "release.requests.v1") "inventory" (list "inventory.v1") -}}
{{- $sum := 0 -}}
{{- range index $topics .role -}}
{{- $sum = add $sum (int (index $given . | default (index $counts .))) -}}
{{- end -}}
{{- $sum -}}
{{- end }}

{{/* Seconds a role may take to end: its budget, 5 s to cut short, 5 s to leave, and what it waits before. */}}
{{- define "codes.stopSeconds" -}}
{{- $budget := int (index .root.Values.settings "CODES_WORKER__STOP_BUDGET_S" | default 15) -}}
{{- add $budget 10 (int .spec.preStopSeconds) -}}
{{- end }}

{{/* Pods that are never fewer: `replicas`, or the lower limit of the autoscaling. In: spec. */}}
{{- define "codes.replicas" -}}
{{- $auto := .spec.autoscaling | default dict -}}
{{- has $auto.kind (list "keda" "hpa") | ternary $auto.minReplicas .spec.replicas -}}
{{- end }}

{{/* Whether this upgrade reaches a single pod of each StatefulSet. An installation has nothing to be compared with. */}}
{{- define "codes.isCanary" -}}
{{- if and (eq .Values.rollOut "canary") .Release.IsUpgrade }}true{{ end -}}
{{- end }}

{{/* Refuses what would not work: better here than in the cluster. */}}
{{- define "codes.check" -}}
{{- $partitions := int (include "codes.partitions" .) -}}
{{- $replicas := int .spec.replicas -}}
{{- $auto := .spec.autoscaling | default dict -}}
{{- if and $auto.kind (ne $auto.kind "none") -}}
{{- $replicas = int $auto.maxReplicas -}}
{{- if gt (int $auto.minReplicas) $replicas }}{{ fail (printf "roles.%s.autoscaling: minReplicas %d is above maxReplicas %d" .role (int $auto.minReplicas) $replicas) }}{{ end -}}
{{- if and (eq $auto.kind "keda") (gt (int $auto.fallback.replicas) $replicas) }}{{ fail (printf "roles.%s.autoscaling.fallback.replicas: %d is above maxReplicas %d" .role (int $auto.fallback.replicas) $replicas) }}{{ end -}}
{{- range $auto.schedules -}}
{{- if gt (int .replicas) $replicas }}{{ fail (printf "roles.%s.autoscaling.schedules: %d is above maxReplicas %d" $.role (int .replicas) $replicas) }}{{ end -}}
{{- end -}}
{{- if and (eq $auto.kind "keda") (le (int $auto.lagThreshold) $partitions) }}{{ fail (printf "roles.%s.autoscaling.lagThreshold: %d must be above the %d partitions: each may show a commit marker as a lag of 1" .role (int $auto.lagThreshold) $partitions) }}{{ end -}}
{{- end -}}
{{- if gt $replicas $partitions }}{{ fail (printf "roles.%s: %d replicas are more than the %d partitions that they share; the rest would idle" .role $replicas $partitions) }}{{ end -}}
{{- $needed := int (include "codes.stopSeconds" .) -}}
{{- if le (int .spec.terminationGracePeriodSeconds) $needed }}{{ fail (printf "roles.%s.terminationGracePeriodSeconds: %d must be above %d, what the role may take to stop" .role (int .spec.terminationGracePeriodSeconds) $needed) }}{{ end -}}
{{- end }}
