{{/* RBAC rules for everything that workloads are made of. Takes a list: the root, and the verbs. */}}
{{- define "pilothouse.workloadRules" -}}
{{- $root := index . 0 }}
{{- $verbs := index . 1 }}
- apiGroups: [apps]
  resources: [deployments]
  verbs: {{ toJson $verbs }}
- apiGroups: [""]
  resources: [services, configmaps, secrets]
  verbs: {{ toJson $verbs }}
{{- range $root.Values.manifests.rules }}
- apiGroups: {{ toJson .apiGroups }}
  resources: {{ toJson .resources }}
  verbs: {{ toJson $verbs }}
{{- end }}
{{- end }}
