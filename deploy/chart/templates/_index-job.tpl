{{- define "index-job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Values.name }}-index
  namespace: {{ .Release.Namespace | toJson }}
  labels:
    app.kubernetes.io/name: {{ .Values.name | toJson }}
spec:
  completionMode: Indexed
  completions: 1
  parallelism: 1
  backoffLimitPerIndex: 1
  podReplacementPolicy: Failed
  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
      - action: FailJob
        onExitCodes:
          containerName: conformance
          operator: In
          values:
            - 2
      - action: FailIndex
        onExitCodes:
          containerName: conformance
          operator: In
          values:
            - 1
            - 4
      - action: Count
        onExitCodes:
          containerName: conformance
          operator: In
          values:
            - 3
  activeDeadlineSeconds: {{ .Values.deadlineSeconds | toJson }}
  ttlSecondsAfterFinished: {{ .Values.keepSeconds | toJson }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{ .Values.name | toJson }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ .Values.name }}-index
      terminationGracePeriodSeconds: 30
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        seccompProfile:
          type: RuntimeDefault
      nodeSelector: {{ .Values.nodeSelector | toJson }}
      tolerations: {{ .Values.tolerations | toJson }}
      containers:
        - name: conformance
          image: {{ .Values.image | toJson }}
          imagePullPolicy: {{ .Values.imagePullPolicy | toJson }}
          args:
            - job
            - index
          envFrom:
            - configMapRef:
                name: {{ .Values.name }}-env
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: POD_NAMESPACE
              valueFrom:
                fieldRef:
                  fieldPath: metadata.namespace
            - name: CONFORMANCE_JOB_RUN
              value: ""
            - name: CONFORMANCE_REPORT_DIR
              value: /reports
{{- if .Values.apiKeySecret }}
            - name: OPENAI_API_KEY
              valueFrom:
                secretKeyRef:
                  name: {{ .Values.apiKeySecret | toJson }}
                  key: {{ .Values.apiKeySecretKey | toJson }}
{{- end }}
          resources: {{ .Values.resources | toJson }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
          terminationMessagePolicy: FallbackToLogsOnError
          volumeMounts:
            - name: reports
              mountPath: /reports
              subPathExpr: $(CONFORMANCE_JOB_RUN)/indexes/$(POD_NAME)
            - name: tmp
              mountPath: /tmp
      volumes:
{{- if .Values.reportClaim }}
        - name: reports
          persistentVolumeClaim:
            claimName: {{ .Values.reportClaim | toJson }}
{{- end }}
{{- if not .Values.reportClaim }}
        - name: reports
          emptyDir:
            sizeLimit: 512Mi
{{- end }}
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
{{- end }}
