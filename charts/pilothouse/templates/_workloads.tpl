{{/* RBAC rules for everything that workloads are made of. Takes a list: the root, and the verbs. */}}
{{- define "pilothouse.workloadRules" -}}
{{- $root := index . 0 }}
{{- $verbs := index . 1 }}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: {{ toJson $verbs }}
- apiGroups: [batch]
  resources: [jobs, cronjobs]
  verbs: {{ toJson $verbs }}
- apiGroups: [""]
  resources: [services, configmaps, secrets, serviceaccounts]
  verbs: {{ toJson $verbs }}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: {{ toJson $verbs }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: {{ toJson $verbs }}
{{- range $root.Values.manifests.rules }}
- apiGroups: {{ toJson .apiGroups }}
  resources: {{ toJson .resources }}
  verbs: {{ toJson $verbs }}
{{- end }}
{{- end }}
