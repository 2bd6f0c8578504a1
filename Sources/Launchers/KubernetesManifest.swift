/// Two jobs of Kubernetes: an indexed one that does the parts of a plan, and one that joins them, which waits to be begun.
package struct KubernetesManifest: Sendable {
    /// The text of the file, YAML.
    package let text: String

    /// Writes the jobs of a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan, with commands that the image knows.
    ///   - image: The name of an image with Swage in it.
    ///   - claim: The name of the claim of a volume that many nodes may write.
    ///   - storage: The folder that the volume holds; pods see it under the same path.
    ///   - finalStatuses: The exit statuses of a part that another try would not mend.
    /// - Throws: ``LaunchError`` if the folder's path has a colon.
    package init(
        _ plan: LaunchedPlan, image: String, claim: String, storage: String, finalStatuses: [Int]
    ) throws {
        guard !storage.contains(":") else { throw LaunchError(.colon, path: storage) }
        func pod(_ name: String, _ command: [String]) -> String {
            Self.pod(name, command, plan.resources, image: image, claim: claim, storage: storage)
        }
        text = """
            # \(plan.partCount) parts as an indexed job of Kubernetes, and a job that joins them when it is let go. The volume of the claim
            # is \(Self.quoted(storage)) and holds the plan and all that it reads.
            #   kubectl apply --filename FILE
            #   kubectl wait --for=condition=complete --timeout=-1s job/\(plan.name)
            #   kubectl patch job/\(plan.name)-finish --patch '{"spec": {"suspend": false}}'
            apiVersion: batch/v1
            kind: Job
            metadata:
              name: \(plan.name)
            spec:
              completionMode: Indexed
              completions: \(plan.partCount)
              parallelism: \(plan.partCount)
              backoffLimitPerIndex: \(LaunchedPlan.retryCount)
              podFailurePolicy:
                rules:
                  # A node that is drained or lost counts as no try.
                  - action: Ignore
                    onPodConditions:
                      - type: DisruptionTarget
                        status: "True"
                  - action: FailIndex
                    onExitCodes:
                      operator: In
                      values: \(finalStatuses)
              template:
            \(pod("part", plan.run + [LaunchedPlan.automatic]))
            ---
            apiVersion: batch/v1
            kind: Job
            metadata:
              name: \(plan.name)-finish
            spec:
              suspend: true
              backoffLimit: \(LaunchedPlan.retryCount)
              template:
            \(pod("finish", plan.finish))

            """
    }

    private static func pod(
        _ name: String, _ command: [String], _ share: MachineShare, image: String, claim: String, storage: String
    ) -> String {
        // Of a command's words, Kubernetes fills in $(NAME), and takes $$ for $.
        let words = command.map { quoted($0.replacing("$", with: "$$")) }.joined(separator: ", ")
        let amounts = [
            share.processorCount.map { "cpu: \($0)" }, share.memoryMegabyteCount.map { "memory: \($0)Mi" },
        ].compactMap { $0 }
        let resources =
            amounts.isEmpty
            ? []
            : [
                "          resources:", "            requests: {\(amounts.joined(separator: ", "))}",
                "            limits: {\(amounts.joined(separator: ", "))}",
            ]
        let lines =
            [
                "    spec:", "      restartPolicy: Never", "      containers:", "        - name: \(name)",
                "          image: \(quoted(image))", "          command: [\(words)]",
            ] + resources + [
                "          volumeMounts:", "            - name: storage", "              mountPath: \(quoted(storage))",
                "      volumes:", "        - name: storage", "          persistentVolumeClaim:",
                "            claimName: \(quoted(claim))",
            ]
        return lines.joined(separator: "\n")
    }

    /// A string of YAML in double quotes.
    static func quoted(_ text: String) -> String {
        let characters = text.unicodeScalars.map { scalar -> String in
            switch scalar.value {
            case 0x22, 0x5C: "\\\(scalar)"
            case 0...0x1F, 0x7F...0xA0, 0x2028, 0x2029, 0xFEFF:
                "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
                    + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"" + characters.joined() + "\""
    }
}
