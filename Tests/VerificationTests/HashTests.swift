import Testing
@Suite struct HashTests {}
