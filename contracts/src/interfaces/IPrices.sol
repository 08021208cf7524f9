// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The price of a unit of compute
/// @notice Providers vote; the median, weighted by verified Race work, becomes the price once the epoch is over. Weight
/// that did not vote counts for the last price. One unit of compute is 10^6 multiply-accumulates.
/// @dev Race paper, Appendix J. Twin: `shared/money/price.ts`.
interface IPrices {
    /// @param price Coins (wei) per unit of compute.
    /// @param weight Weight of the voter in the epoch of the vote.
    struct Ballot {
        uint128 price;
        uint128 weight;
    }

    /// @notice A price is at least 1 wei and fits 128 bits.
    error PriceZero();
    /// @notice This wallet has no standing vote to count.
    error NoStandingVote(address provider);
    /// @notice The wallet's weight in this epoch is not what the proof shows, or the weights are not final.
    error WeightUnproven(uint256 epoch, address provider, uint256 weight);
    /// @notice This wallet's vote is counted in this epoch already.
    error AlreadyCounted(uint256 epoch, address provider);
    /// @notice Only epochs that are over, and later than the last one closed, can be closed.
    error EpochNotClosable(uint256 epoch, uint256 lastClosed, uint256 currentEpoch);
    /// @notice Ballots must come in ascending order of price, then of number, each exactly once.
    error OrderWrong(uint256 position);
    /// @notice More numbers than there are ballots.
    error OrderTooLong(uint256 given, uint256 left);

    event PriceVoted(address indexed provider, uint256 price);
    event BallotCounted(uint256 indexed epoch, address indexed provider, uint256 price, uint256 weight);
    event PriceSet(uint256 indexed epoch, uint256 price, uint256 votedWeight, uint256 totalWeight);

    /// @notice Sets the caller's standing vote (wei per unit of compute). It counts in an epoch once `count` shows the weight.
    function vote(uint256 price) external;

    /// @notice Counts the standing vote of `provider` in the running epoch. Anyone may call, so that a vote stands
    /// without the voter being there.
    function count(address provider, uint256 weight, bytes32[] calldata proof) external;

    /// @notice Closes an epoch that is over. `order` lists ballot numbers sorted by (price, number); it may come in parts.
    /// Anyone may call; a wrong order is refused.
    /// @return closed True once the price of the epoch is set.
    function close(uint256 epoch, uint256[] calldata order) external returns (bool closed);

    /// @notice Coins (wei) per unit of compute that hold now.
    function price() external view returns (uint256);

    /// @notice Coins (wei) for `tokens` tokens of a listed model.
    function priceOf(bytes32 model, uint256 tokens) external view returns (uint256);

    /// @notice The standing vote of a provider; zero if it never voted.
    function voteOf(address provider) external view returns (uint256);

    function ballotCount(uint256 epoch) external view returns (uint256);

    function ballotAt(uint256 epoch, uint256 number) external view returns (Ballot memory);
}
