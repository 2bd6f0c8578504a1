extension NamePattern {
    /// Turns what an expression says into steps.
    struct Compiler {
        /// The most steps of a program, and the most repetitions that can be asked for.
        static let lengthLimit = 4096

        private var program: [Instruction] = []
        /// Parts that were turned into steps, those that need none included.
        private var partCount = 0

        static func program(for node: Node) throws(Parser.Failure) -> [Instruction] {
            var compiler = Compiler()
            try compiler.append(node)
            compiler.program.append(.found)
            return compiler.program
        }

        /// The bytes that a program can begin with; nil if it can end, or ask for a place, before it takes one.
        static func beginnings(of program: [Instruction]) -> ByteSet? {
            var set = ByteSet()
            var isKnown = [Bool](repeating: false, count: program.count)
            var open = [0]
            while let place = open.popLast() {
                guard !isKnown[place] else { continue }
                isKnown[place] = true
                switch program[place] {
                case .byte(let bytes): set.formUnion(bytes)
                case .split(let first, let second): open += [first, second]
                case .jump(let target): open.append(target)
                // What must be ahead begins with the byte that is taken next.
                case .ahead(let target, isWanted: true): open.append(target)
                case .begin, .end, .wordBoundary, .ahead, .found: return nil
                }
            }
            return set
        }

        private mutating func append(_ node: Node) throws(Parser.Failure) {
            partCount += 1
            guard partCount <= Self.lengthLimit else { throw Parser.Failure("too many repetitions") }
            switch node {
            case .bytes(let set): program.append(.byte(set))
            case .sequence(let nodes): for node in nodes { try append(node) }
            case .choice(let nodes): try append(choice: nodes)
            case .repetition(let node, let minimum, let maximum):
                for _ in 0..<minimum { try append(node) }
                guard let maximum else { return try append(loop: minimum == 0 ? body(ofLoop: node) : node) }
                for _ in minimum..<maximum { try append(optional: node) }
            case .begin: program.append(.begin)
            case .end: program.append(.end)
            case .wordBoundary: program.append(.wordBoundary)
            case .ahead(let node, let isWanted):
                program.append(.ahead(program.count + 2, isWanted: isWanted))
                let jump = reserve()
                try append(node)
                program.append(.found)
                program[jump] = .jump(program.count)
            }
        }

        /// What is repeated any number of times: `(x*)*` and its like find what `x*` finds.
        private mutating func body(ofLoop node: Node) -> Node {
            var body = node
            while true {
                switch body {
                case .sequence(let nodes) where nodes.count == 1: body = nodes[0]
                case .repetition(let inner, 0...1, nil), .repetition(let inner, 0...1, 1): body = inner
                default: return body
                }
                partCount += 1
            }
        }

        private mutating func append(optional node: Node) throws(Parser.Failure) {
            let split = reserve()
            try append(node)
            program[split] = .split(split + 1, program.count)
        }

        private mutating func append(loop node: Node) throws(Parser.Failure) {
            let split = reserve()
            try append(node)
            program.append(.jump(split))
            program[split] = .split(split + 1, program.count)
        }

        private mutating func append(choice nodes: [Node]) throws(Parser.Failure) {
            var jumps: [Int] = []
            for node in nodes.dropLast() {
                let split = reserve()
                try append(node)
                jumps.append(reserve())
                program[split] = .split(split + 1, program.count)
            }
            if let last = nodes.last { try append(last) }
            for jump in jumps { program[jump] = .jump(program.count) }
        }

        /// A place for a step that is known later.
        private mutating func reserve() -> Int {
            program.append(.found)
            return program.count - 1
        }
    }
}
