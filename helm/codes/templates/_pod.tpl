{{/* What every container of ours may do: nothing but its work. */}}
{{- define "codes.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "codes.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* The Secrets of a role as a map: a role gets those that it reads. In: root, role, spec. */}}
{{- define "codes.secrets" -}}
{{- $role := .role -}}
{{- $readers := dict "CODES_MONGO__URI" (list "worker" "importer" "expirer" "migrate") "CODES_INVENTORY__JWT_SECRET" (list "inventory") "CODES_INVENTORY__HISTORY_URI" (list "inventory") "CODES_ACTIONS__URI" (list "inventory") "CODES_WEBHOOKS__TARGETS" (list "inventory") "CODES_REQUESTS__JWT_SECRET" (list "worker") "AWS_ACCESS_KEY_ID" (list "importer") "AWS_SECRET_ACCESS_KEY" (list "importer") -}}
{{- $found := dict -}}
{{- range $name, $from := .root.Values.secretEnv -}}
{{- $roles := $from.roles | default (index $readers $name) -}}
{{- if or (empty $roles) (has $role $roles) -}}
{{- $found = set $found $name $from -}}
{{- end -}}
{{- end -}}
{{- toYaml (merge dict .spec.secretEnv $found) -}}
{{- end }}

{{/* The settings of a role alone, and the AWS keys; our own secrets are files, so that a new one needs no restart. */}}
{{- define "codes.ownEnv" -}}
{{- range $name, $value := fromYaml (include "codes.texts" .spec.settings) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with concat .root.Values.extraEnv (.spec.extraEnv | default list) }}
{{ toYaml . }}
{{- end }}
{{- $secrets := fromYaml (include "codes.secrets" .) }}
{{- range $name, $from := $secrets }}
{{- if not (hasPrefix "CODES_" $name) }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret }}
      key: {{ $from.key }}
{{- end }}
{{- end }}
{{- if $secrets }}
- name: CODES_SECRETS_DIR
  value: /run/secrets/codes
{{- end }}
{{- end }}

{{- define "codes.volumeMounts" -}}
{{- $role := .role -}}
- name: tmp
  mountPath: /tmp
- name: secrets
  mountPath: /run/secrets/codes
  readOnly: true
{{- range $index, $file := .root.Values.secretFiles }}
{{- if or (empty .roles) (has $role .roles) }}
- name: secret-file-{{ $index }}
  mountPath: {{ .mountPath }}
  readOnly: true
{{- end }}
{{- end }}
{{- with concat .root.Values.extraVolumeMounts (.spec.extraVolumeMounts | default list) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "codes.volumes" -}}
{{- $role := .role -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .root.Values.tmpSizeLimit }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- $secrets := fromYaml (include "codes.secrets" .) }}
      {{- range $name, $from := $secrets }}
      {{- if hasPrefix "CODES_" $name }}
      - secret:
          name: {{ $from.secret }}
          items: [{key: {{ $from.key | quote }}, path: {{ $name }}}]
      {{- end }}
      {{- else }}
      []
      {{- end }}
{{- /* By number: a Secret's name may hold dots, which a volume's name may not. */}}
{{- range $index, $file := .root.Values.secretFiles }}
{{- if or (empty .roles) (has $role .roles) }}
- name: secret-file-{{ $index }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
{{- end }}
{{- end }}
{{- with concat .root.Values.extraVolumes (.spec.extraVolumes | default list) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What a one-off job's pod shares with a role's. In: root, spec. */}}
{{- define "codes.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "codes.podSecurity" . | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- range $name := list "nodeSelector" "affinity" "tolerations" }}
{{- with index $.spec $name | default (index $.root.Values $name) }}
{{ $name }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Pods of a role over zones and nodes. In: root, role, spec. */}}
{{- define "codes.spread" -}}
{{- with .spec.topologySpreadConstraints | default .root.Values.topologySpreadConstraints }}
{{- toYaml . }}
{{- else }}
{{- $labels := include "codes.selector" .root }}
{{- range $key, $when := dict "topology.kubernetes.io/zone" .root.Values.topologySpread.whenUnsatisfiable "kubernetes.io/hostname" "ScheduleAnyway" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: {{ $when }}
  # Else the nodes of a lost zone count as empty, and with DoNotSchedule no pod may start elsewhere.
  nodeTaintsPolicy: Honor
  # Else the pods of the former version count, and the new ones end up in the zones that those leave free.
  matchLabelKeys: [{{ $.spec.staticMembership | default false | ternary "controller-revision-hash" "pod-template-hash" }}]
  labelSelector:
    matchLabels:
      {{- $labels | nindent 6 }}
      app.kubernetes.io/component: {{ $.role }}
{{- end }}
{{- end }}
{{- end }}

{{/* A pod of a role. In: root, role, spec; args, if they are more than the role. */}}
{{- define "codes.pod" -}}
metadata:
  labels:
    {{- include "codes.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
    {{- with .root.Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Pods roll when the settings change: they are read once, at the start. Secrets are read again when they change.
    checksum/settings: {{ printf "%s%s" (include "codes.settings" .root) (toJson .spec.settings) | sha256sum }}
    {{- with .root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "codes.serviceAccount" . }}
  terminationGracePeriodSeconds: {{ .spec.terminationGracePeriodSeconds }}
  {{- include "codes.podBasics" . | nindent 2 }}
  {{- with .root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  topologySpreadConstraints:
    {{- include "codes.spread" . | trim | nindent 4 }}
  containers:
    - name: {{ .role }}
      image: {{ include "codes.image" .root | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: {{ .args | default (list .role) | toJson }}
      securityContext:
        {{- include "codes.containerSecurity" . | nindent 8 }}
      envFrom:
        - configMapRef:
            name: {{ include "codes.fullname" .root }}
      env:
        {{- if .spec.staticMembership }}
        # The pod's name, which a StatefulSet keeps over a restart: its partitions then wait for it.
        - name: CODES_KAFKA__GROUP_INSTANCE_ID
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: CODES_KAFKA__SESSION_TIMEOUT_MS
          value: {{ .root.Values.staticSessionTimeoutMs | int | quote }}
        {{- end }}
        {{- if eq .role "inventory" }}
        # Here alone: other roles do not have the key that an address beyond loopback needs.
        - name: CODES_INVENTORY__HOST
          value: {{ ternary "0.0.0.0" "127.0.0.1" (eq "true" (include "codes.apiIsProtected" .root)) | quote }}
        - name: CODES_INVENTORY__PORT
          value: "8081"
        {{- end }}
        - name: HOME
          value: /tmp
        {{- include "codes.ownEnv" . | trim | nindent 8 }}
      ports:
        - name: ops
          containerPort: 8080
        {{- if eq .role "inventory" }}
        - name: http
          containerPort: 8081
        {{- end }}
      startupProbe:
        httpGet: {path: /live, port: ops}
        periodSeconds: 2
        timeoutSeconds: 3
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /live, port: ops}
        periodSeconds: 15
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /ready, port: ops}
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      {{- if .spec.preStopSeconds }}
      # Time for the Service to forget this pod, before it takes no request any more.
      lifecycle:
        preStop:
          exec:
            command: [sleep, {{ .spec.preStopSeconds | quote }}]
      {{- end }}
      resources:
        {{- toYaml .spec.resources | nindent 8 }}
      volumeMounts:
        {{- include "codes.volumeMounts" . | nindent 8 }}
  volumes:
    {{- include "codes.volumes" . | nindent 4 }}
{{- end }}

{{/* Variables of a one-off job's container: it may run before there is a ConfigMap. */}}
{{- define "codes.errandEnv" -}}
env:
  {{- range $name, $value := fromYaml (include "codes.settings" .) }}
  {{- if not (hasKey $.Values.migrate.settings $name) }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
  {{- end }}
  - name: HOME
    value: /tmp
  {{- include "codes.ownEnv" (dict "root" . "role" "migrate" "spec" .Values.migrate) | trim | nindent 2 }}
{{- end }}
