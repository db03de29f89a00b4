{{/* Whom a policy does not bind. */}}
{{- define "pilothouse.matchConditions" -}}
{{- with .Values.admission.exemptGroups }}
matchConditions:
- name: is-not-exempt
  expression: "!request.userInfo.groups.exists(group, group in {{ toJson . | replace "\"" "'" }})"
{{- end }}
{{- end }}

{{/* Variables of every policy: who asks, and what to tell who may not. */}}
{{- define "pilothouse.variables" -}}
- name: isOperator
  expression: "request.userInfo.username == '{{ include "pilothouse.username" . }}'"
- name: mayApprove
  expression: authorizer.group('pilothouse.dev').resource('plans').namespace(request.namespace).check('approve').allowed()
- name: whoMayApprove
  expression: >-
    request.userInfo.username + ' lacks the verb approve on plans.pilothouse.dev in namespace ' + request.namespace
    + ': ask somebody who has it, or have an administrator bind the ClusterRole pilothouse-approver there'
{{- end }}

{{/* The binding of the policy of that name. Takes a list: the root, and the name. */}}
{{- define "pilothouse.policyBinding" -}}
{{- $root := index . 0 }}
{{- $name := index . 1 }}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}
  labels:
    {{- include "pilothouse.labels" $root | nindent 4 }}
spec:
  policyName: {{ $name }}
  validationActions: [Deny]
{{- end }}
