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
volume_and_service() {
	cat <<-END
		apiVersion: v1
		kind: PersistentVolume
		metadata: { name: kept }
		spec: { capacity: { storage: 1Gi }, accessModes: [ ReadWriteMany ], storageClassName: share, hostPath: { path: /shared/kept, type: DirectoryOrCreate } }
		---
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: { name: kept }
		spec: { storageClassName: share, accessModes: [ ReadWriteMany ], resources: { requests: { storage: 1Gi } } }
		---
		apiVersion: v1
		kind: Service
		metadata: { name: web }
		spec: { selector: { app: web }, ports: [ { port: 80, targetPort: 8080 } ] }
	END
}
