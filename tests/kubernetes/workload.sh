# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts: what runs in the cluster, as manifests.

pod() { # name node
	cat <<-END
		---
		apiVersion: v1
		kind: Pod
		metadata: { name: $1, labels: { app: web } }
		spec:
		  nodeSelector: { kubernetes.io/hostname: $2 }
		  terminationGracePeriodSeconds: 1
		  automountServiceAccountToken: false
		  volumes: [ { name: kept, persistentVolumeClaim: { claimName: kept } } ]
		  containers: [ { name: pod, image: "bramble.test/pod:1", imagePullPolicy: Never, volumeMounts: [ { name: kept, mountPath: /kept } ] } ]
	END
}
claim_and_service() {
	cat <<-END
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: { name: kept }
		spec: { storageClassName: bramble, accessModes: [ ReadWriteMany ], resources: { requests: { storage: 1Gi } } }
		---
		apiVersion: v1
		kind: Service
		metadata: { name: web }
		spec: { selector: { app: web }, ports: [ { port: 80, targetPort: 8080 } ] }
	END
}
# Two pods that serve, on different nodes if they can, of which one may be missing. They go on serving while everybody hears that they end:
# the hook lasts until they are killed.
web_with_budget() {
	cat <<-END
		apiVersion: apps/v1
		kind: Deployment
		metadata: { name: web }
		spec:
		  replicas: 2
		  selector: { matchLabels: { app: web } }
		  template:
		    metadata: { labels: { app: web } }
		    spec:
		      terminationGracePeriodSeconds: 20
		      automountServiceAccountToken: false
		      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [ { weight: 100, podAffinityTerm: {
		        topologyKey: kubernetes.io/hostname, labelSelector: { matchLabels: { app: web } } } } ] } }
		      containers:
		      - name: pod
		        image: "bramble.test/pod:1"
		        imagePullPolicy: Never
		        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 2, timeoutSeconds: 10, failureThreshold: 30 } # on busy processors as well
		        lifecycle: { preStop: { exec: { command: [ /pod, pause ] } } }
		---
		apiVersion: policy/v1beta1
		kind: PodDisruptionBudget
		metadata: { name: web }
		spec: { minAvailable: 1, selector: { matchLabels: { app: web } } }
		---
		apiVersion: v1
		kind: Service
		metadata: { name: web }
		spec: { selector: { app: web }, ports: [ { port: 80, targetPort: 8080 } ] }
	END
}
