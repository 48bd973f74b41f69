{{/* What the service connects to: addresses of managed services change, ports do not. */}}
{{- define "codes.egress" -}}
{{- $presets := dict
  "kafka" (list (list 9092 9098))
  "msk" (list (list 9092 9098) (list 9194 9194) (list 9196 9196) (list 9198 9198) (list 20092 20098))
  "confluent" (list (list 9092 9092))
  "mongodb" (list (list 27015 27017))
  "atlasPrivateEndpoint" (list (list 1024 65535))
  "https" (list (list 443 443))
  "otlp" (list (list 4317 4318)) -}}
{{- $ports := list -}}
{{- range without .Values.networkPolicy.presets "podIdentity" -}}
{{- $ports = concat $ports (index $presets .) -}}
{{- end -}}
{{- range .Values.networkPolicy.egressPorts -}}
{{- $ports = append $ports (list .from .to) -}}
{{- end -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  to:
    {{- toYaml .Values.networkPolicy.dnsTo | nindent 4 }}
{{- with uniq $ports }}
- ports:
    {{- range . }}
    - {port: {{ index . 0 }}, endPort: {{ index . 1 }}, protocol: TCP}
    {{- end }}
{{- end }}
{{- if has "podIdentity" .Values.networkPolicy.presets }}
# The agent of EKS Pod Identity, on each node.
- ports:
    - {port: 80, protocol: TCP}
  to:
    - ipBlock: {cidr: 169.254.170.23/32}
    - ipBlock: {cidr: "fd00:ec2::23/128"}
{{- end }}
{{- with .Values.otlp.endpoint }}
{{- $url := urlParse . }}
# The collector.
- ports:
    - {port: {{ regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (eq $url.scheme "https" | ternary "443" "80") }}, protocol: TCP}
  {{- with $.Values.otlp.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
