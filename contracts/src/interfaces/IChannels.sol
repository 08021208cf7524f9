// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Payment channels from an asker to a payee, drawn down by cumulative vouchers
/// @notice The asker deposits once and signs a growing total with every few tokens it receives; the payee claims the last total
/// whenever it likes. A lost voucher costs nothing, a repeated one pays nothing.
/// @dev EIP-712 domain: name "Racemesh Channels", version "1", this chain, this contract. Types:
/// `Voucher(bytes32 channelId,uint128 maxClaimableAmount)`, `Release(bytes32 channelId,uint128 finalAmount,uint24 round)`.
/// Twin: `shared/money/channel.ts`.
interface IChannels {
    /// @notice What a channel is, fixed for ever: its id is the hash of these. Passed with every call instead of stored.
    /// @param payer Funds the channel and gets back what is not claimed.
    /// @param payee Receives claims; only it may claim.
    /// @param signer Signs vouchers: the payer, its session key, or a contract by ERC-1271.
    /// @param salt Tells channels of the same three apart.
    struct Channel {
        address payer;
        address payee;
        address signer;
        bytes32 salt;
    }

    /// @param deposit Coins (wei) ever paid in, less those refunded.
    /// @param claimed Coins (wei) ever claimed; never falls, so old vouchers stay spent when a channel is used again.
    /// @param closesAt Unix seconds from which the payer may take the rest; 0 when not closing.
    /// @param round Counts refunds.
    struct State {
        uint96 deposit;
        uint96 claimed;
        uint40 closesAt;
        uint24 round;
    }

    /// @notice A deposit of nothing, or of more coins than exist.
    error DepositInvalid(uint256 amount);
    /// @notice The channel is closing since the payer asked for it: no more deposits until it is closed.
    error ChannelClosing(uint256 closesAt);
    /// @notice The channel is not closing, or not before `closesAt`.
    error ChannelNotClosed(uint256 closesAt);
    /// @notice Only `allowed` may do this.
    error NotParty(address caller, address allowed);
    /// @notice Not signed by the one who must sign it.
    error SignatureInvalid(address signer);
    /// @notice The voucher promises more than the channel holds: the payee waits for a top-up.
    error VoucherExceedsDeposit(uint256 cumulative, uint256 deposit);
    /// @notice The coin answered that it moved nothing.
    error TransferFailed();
    /// @notice This total, or a larger one, was claimed before.
    error VoucherSpent(uint256 cumulative, uint256 claimed);

    event Deposited(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        address signer,
        bytes32 salt,
        uint256 amount,
        uint256 deposit
    );
    event CloseStarted(bytes32 indexed channelId, uint256 closesAt);
    event CloseCancelled(bytes32 indexed channelId);
    event Refunded(bytes32 indexed channelId, uint256 amount, uint256 claimed);

    /// @notice Opens a channel or adds to it. Anybody may, with coins it approved; refunds go to the payer.
    function deposit(Channel calldata channel, uint256 amount) external;

    /// @notice Same, with coins that the payer moves by EIP-3009 `receiveWithAuthorization`, so that a relay can pay the gas.
    /// @dev The authorization's nonce must be `authorizationNonce(channel, nonce)`: an authorization seen in the mempool funds
    /// no other channel.
    function depositWithAuthorization(
        Channel calldata channel,
        uint256 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice Pays the payee what `cumulative` adds to the claims before. Only the payee.
    /// @dev No event of our own (1,400 gas): the coin's Transfer from this contract to the payee is the record, `stateOf` the total.
    /// @return paid Coins (wei) moved.
    function claim(Channel calldata channel, uint128 cumulative, bytes calldata signature)
        external
        returns (uint256 paid);

    /// @notice Starts the timed close: after `ChannelCloseDelay` the rest can go back. Only the payer.
    function startClose(Channel calldata channel) external;

    /// @notice Ends a timed close that was started. Only the payer.
    function cancelClose(Channel calldata channel) external;

    /// @notice Gives the rest back to the payer once the delay is over. Anybody may.
    function finishClose(Channel calldata channel) external;

    /// @notice Pays a last voucher, if it adds anything, and gives the rest back at once. Only the payee, whose delay it is.
    function claimAndClose(Channel calldata channel, uint128 cumulative, bytes calldata signature) external;

    /// @notice Same, by the payee's signature on the final total. Only the payer: it agrees by calling.
    function closeByRelease(Channel calldata channel, uint128 finalAmount, bytes calldata payeeSignature)
        external;

    function channelId(Channel calldata channel) external pure returns (bytes32);

    function stateOf(bytes32 id) external view returns (State memory);

    /// @notice The EIP-3009 nonce that an authorization for this channel must carry.
    function authorizationNonce(Channel calldata channel, bytes32 nonce) external pure returns (bytes32);

    /// @notice What the signer of a voucher signs.
    function voucherDigest(bytes32 id, uint128 cumulative) external view returns (bytes32);

    /// @notice What the payee signs for `closeByRelease`.
    function releaseDigest(bytes32 id, uint128 finalAmount, uint24 round) external view returns (bytes32);
}
