import SwageCommand

SwageCommand.main()
